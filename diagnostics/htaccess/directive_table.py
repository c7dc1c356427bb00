"""Which directives the modules of Apache 2.4 bring: name, override class and arguments, as the server itself lists them (`apache2 -L`).

Arguments: `flag` is On or Off, `1` exactly one, `1-2` one or two, `2+` two or more, `raw` a grammar of its own.
"""

from __future__ import annotations

# (module, override class) -> directives that may stand in a .htaccess
IN_HTACCESS: dict[tuple[str, str], str] = {
    ("core", "FileInfo"): (
        "AddDefaultCharset:1 AcceptPathInfo:1 ErrorDocument:2 DefaultType:1 FileETag:raw EnableMMAP:1 EnableSendfile:1 CGIVar:2 "
        "QualifyRedirectURL:flag ForceType:1 SetHandler:1 SetOutputFilter:1 SetInputFilter:1 "
    ),
    ("core", "any"): "Error:raw ServerSignature:1 LimitRequestBody:1 LimitXMLRequestBody:1 RLimitCPU:1-2 RLimitMEM:1-2 RLimitNPROC:1-2",
    ("core", "Options"): "Options:raw ContentDigest:flag",
    ("core", "AuthConfig"): "CGIPassAuth:flag",
    ("mod_logio", "any"): "LogIOTrackTTFB:flag",
    ("mod_authn_core", "AuthConfig"): "AuthType:1 AuthName:1",
    ("mod_authz_core", "AuthConfig"): "Require:raw AuthMerging:1 AuthzSendForbiddenOnFailure:flag",
    ("mod_access_compat", "Limit"): "Order:1 Allow:2+ Deny:2+",
    ("mod_access_compat", "AuthConfig"): "Satisfy:1",
    ("mod_actions", "FileInfo"): "Action:2-3",
    (
        "mod_alias",
        "FileInfo",
    ): "Redirect:1-3 RedirectMatch:2-3 RedirectTemp:2 RedirectPermanent:2 RedirectRelative:flag AliasPreservePath:flag",
    ("mod_auth_basic", "AuthConfig"): "AuthBasicProvider:1+ AuthBasicAuthoritative:flag AuthBasicFake:1-2 AuthBasicUseDigestAlgorithm:1",
    ("mod_auth_digest", "AuthConfig"): (
        "AuthDigestProvider:1+ AuthDigestQop:1+ AuthDigestNonceLifetime:1 AuthDigestNcCheck:flag AuthDigestAlgorithm:1 AuthDigestDomain:1+ "
    ),
    ("mod_auth_form", "AuthConfig"): (
        "AuthFormProvider:1+ AuthFormUsername:1 AuthFormPassword:1 AuthFormLocation:1 AuthFormMethod:1 AuthFormMimetype:1 "
        "AuthFormBody:1 AuthFormLoginRequiredLocation:1 AuthFormLoginSuccessLocation:1 AuthFormLogoutLocation:1 "
        "AuthFormSitePassphrase:1 AuthFormAuthoritative:flag AuthFormFakeBasicAuth:flag AuthFormDisableNoStore:flag "
    ),
    (
        "mod_authn_anon",
        "AuthConfig",
    ): "Anonymous:1+ Anonymous_MustGiveEmail:flag Anonymous_NoUserId:flag Anonymous_VerifyEmail:flag Anonymous_LogEmail:flag",
    ("mod_authn_file", "AuthConfig"): "AuthUserFile:1",
    ("mod_authn_dbm", "AuthConfig"): "AuthDBMUserFile:1 AuthDBMType:1",
    ("mod_authn_socache", "AuthConfig"): "AuthnCacheProvideFor:1+ AuthnCacheTimeout:1",
    ("mod_authz_dbm", "AuthConfig"): "AuthDBMGroupFile:1 AuthzDBMType:1",
    ("mod_authz_groupfile", "AuthConfig"): "AuthGroupFile:1",
    ("mod_autoindex", "Indexes"): (
        "AddIcon:2+ AddIconByType:2+ AddIconByEncoding:2+ AddAlt:2+ AddAltByType:2+ AddAltByEncoding:2+ IndexOptions:raw "
        "IndexOrderDefault:2 IndexIgnore:1+ IndexIgnoreReset:flag AddDescription:2+ HeaderName:1 ReadmeName:1 DefaultIcon:1 "
        "IndexStyleSheet:1 IndexHeadInsert:1 "
    ),
    ("mod_autoindex", "any"): "FancyIndexing:raw",
    ("mod_cern_meta", "Indexes"): "MetaFiles:flag MetaDir:1 MetaSuffix:1",
    ("mod_charset_lite", "FileInfo"): "CharsetSourceEnc:1 CharsetDefault:1 CharsetOptions:1+",
    ("mod_deflate", "any"): "DeflateInflateLimitRequestBody:1 DeflateInflateRatioLimit:1 DeflateInflateRatioBurst:1",
    ("mod_dir", "Indexes"): "FallbackResource:1 DirectoryIndex:raw DirectorySlash:flag DirectoryCheckHandler:flag DirectoryIndexRedirect:1",
    ("mod_env", "FileInfo"): "PassEnv:1+ SetEnv:1-2 UnsetEnv:1+",
    ("mod_expires", "Indexes"): "ExpiresActive:flag ExpiresByType:2 ExpiresDefault:1",
    ("mod_fcgid", "FileInfo"): (
        "FcgidAccessChecker:1 FcgidAccessCheckerAuthoritative:flag FcgidAuthenticator:1 FcgidAuthenticatorAuthoritative:flag "
        "FcgidAuthorizer:1 FcgidAuthorizerAuthoritative:flag FcgidWrapper:1-3 FastCgiAccessChecker:1 "
        "FastCgiAccessCheckerAuthoritative:flag FastCgiAuthenticator:1 FastCgiAuthenticatorAuthoritative:flag FastCgiAuthorizer:1 "
        "FastCgiAuthorizerAuthoritative:flag FCGIWrapper:1-3 "
    ),
    ("mod_filter", "Options"): "FilterDeclare:1-2 FilterProvider:raw FilterChain:1+ FilterProtocol:2-3",
    ("mod_filter", "FileInfo"): "AddOutputFilterByType:2+",
    ("mod_headers", "FileInfo"): "Header:raw RequestHeader:raw",
    ("mod_imagemap", "Indexes"): "ImapMenu:1 ImapDefault:1 ImapBase:1",
    ("mod_include", "Options"): "XBitHack:1",
    ("mod_include", "any"): "SSIErrorMsg:1 SSITimeFormat:1 SSIUndefinedEcho:1",
    ("mod_include", "Limit"): "SSILegacyExprParser:flag SSILastModified:flag SSIEtag:flag",
    ("util_ldap", "AuthConfig"): "LDAPTrustedClientCert:2-3 LDAPReferrals:1 LDAPReferralHopLimit:1",
    ("mod_authnz_ldap", "AuthConfig"): (
        "AuthLDAPURL:1-2 AuthLDAPBindDN:1 AuthLDAPBindPassword:1 AuthLDAPBindAuthoritative:flag AuthLDAPRemoteUserIsDN:flag "
        "AuthLDAPRemoteUserAttribute:1 AuthLDAPCompareDNOnServer:flag AuthLDAPSubGroupAttribute:1+ AuthLDAPSubGroupClass:1+ "
        "AuthLDAPMaxSubGroupDepth:1 AuthLDAPGroupAttribute:1+ AuthLDAPGroupAttributeIsDN:flag AuthLDAPDereferenceAliases:1 "
        "AuthLDAPAuthorizePrefix:1 AuthLDAPInitialBindAsUser:flag AuthLDAPInitialBindPattern:2 AuthLDAPSearchAsUser:flag "
        "AuthLDAPCompareAsUser:flag "
    ),
    ("mod_mime", "FileInfo"): (
        "AddCharset:2+ AddEncoding:2+ AddHandler:2+ AddInputFilter:2+ AddLanguage:2+ AddOutputFilter:2+ AddType:2+ DefaultLanguage:1 "
        "MultiviewsMatch:1+ RemoveCharset:1+ RemoveEncoding:1+ RemoveHandler:1+ RemoveInputFilter:1+ RemoveLanguage:1+ "
        "RemoveOutputFilter:1+ RemoveType:1+ "
    ),
    ("mod_negotiation", "FileInfo"): "LanguagePriority:1+ ForceLanguagePriority:1+",
    ("mod_proxy_fcgi", "FileInfo"): "ProxyFCGIBackendType:1 ProxyFCGISetEnvIf:2-3",
    ("mod_reflector", "Options"): "ReflectorHeader:1-2",
    ("mod_rewrite", "FileInfo"): "RewriteEngine:flag RewriteOptions:1+ RewriteBase:1 RewriteCond:raw RewriteRule:raw",
    (
        "mod_session",
        "AuthConfig",
    ): "Session:flag SessionMaxAge:1 SessionHeader:1 SessionEnv:flag SessionInclude:1 SessionExclude:1 SessionExpiryUpdateInterval:1",
    ("mod_session_cookie", "AuthConfig"): "SessionCookieName:raw SessionCookieName2:raw SessionCookieRemove:flag",
    ("mod_session_crypto", "AuthConfig"): "SessionCryptoPassphrase:1+ SessionCryptoCipher:1",
    ("mod_setenvif", "FileInfo"): "SetEnvIf:raw SetEnvIfNoCase:raw SetEnvIfExpr:raw BrowserMatch:raw BrowserMatchNoCase:raw",
    ("mod_speling", "Options"): "CheckSpelling:flag CheckCaseOnly:flag CheckBasenameMatch:flag",
    ("mod_ssl", "AuthConfig"): (
        "SSLCipherSuite:1-2 SSLCACertificatePath:1 SSLCACertificateFile:1 SSLVerifyClient:1 SSLVerifyDepth:1 SSLUserName:1 "
        "SSLRequireSSL:raw SSLRequire:raw SSLRenegBufferSize:1 "
    ),
    ("mod_ssl", "Options"): "SSLOptions:raw",
    ("mod_ssl", "any"): "SSLLog:raw SSLLogLevel:raw",
    ("mod_substitute", "FileInfo"): "Substitute:1 SubstituteMaxLineLength:1 SubstituteInheritBefore:flag",
    ("mod_usertrack", "FileInfo"): (
        "CookieExpires:1 CookieDomain:1 CookieStyle:1 CookieTracking:flag CookieName:1 CookieSameSite:1 CookieSecure:flag "
        "CookieHttpOnly:flag "
    ),
    ("mod_lua", "any"): (
        "LuaRoot:1 LuaPackagePath:1 LuaPackageCPath:1 LuaHookPreTranslateName:2 LuaHookTranslateName:2-3 LuaHookFixups:2 "
        "LuaHookMapToStorage:2 LuaHookCheckUserID:2-3 LuaHookTypeChecker:2 LuaHookAccessChecker:2-3 LuaHookAuthChecker:2-3 "
        "LuaHookInsertFilter:2 LuaHookLog:2 LuaScope:1-3 LuaInherit:1 LuaCodeCache:1 LuaQuickHandler:2 LuaMapHandler:2-3 "
        "LuaOutputFilter:3 LuaInputFilter:3 "
    ),
    ("mod_macro", "any"): "Use:raw UndefMacro:1 MacroIgnoreEmptyArgs:raw MacroIgnoreBadNesting:raw",
    ("mod_xml2enc", "any"): "xml2EncDefault:1 xml2StartParse:1+",
    ("mod_session_dbd", "AuthConfig"): (
        "SessionDBDSelectLabel:1 SessionDBDInsertLabel:1 SessionDBDUpdateLabel:1 SessionDBDDeleteLabel:1 SessionDBDPerUser:flag "
        "SessionDBDCookieRemove:flag SessionDBDCookieName:1+ SessionDBDCookieName2:1+ "
    ),
    ("mod_http2", "AuthConfig"): "H2Upgrade:1 H2Push:1",
    ("mod_http2", "FileInfo"): "H2CopyFiles:1 H2ProxyRequests:1",
    ("mod_http2", "AuthConfig/FileInfo"): "H2PushResource:1-3 H2EarlyHint:2",
}

# module -> directives that only the server's own configuration may hold
SERVER_ONLY: dict[str, str] = {
    "core": (
        "AcceptFilter AccessFileName AllowEncodedSlashes AllowOverride AllowOverrideList CoreDumpDirectory DefaultRuntimeDir Define "
        "DocumentRoot ErrorLog ErrorLogFormat ExtendedStatus FlushMaxPipelined FlushMaxThreshold HostnameLookups HttpProtocolOptions "
        "Include IncludeOptional LimitInternalRecursion LimitRequestFields LimitRequestFieldsize LimitRequestLine LogLevel "
        "MaxConnectionsPerChild MaxMemFree MaxRangeOverlaps MaxRangeReversals MaxRanges MaxRequestsPerChild MergeSlashes MergeTrailers "
        "Mutex NameVirtualHost PidFile Port Protocol Protocols ProtocolsHonorOrder ReadBufferSize RegexDefaultOptions "
        "RegisterHttpMethod ScoreBoardFile SeeRequestTail ServerAdmin ServerAlias ServerName ServerPath ServerRoot ServerTokens "
        "StrictHostCheck ThreadStackSize Timeout TraceEnable UnDefine UseCanonicalName UseCanonicalPhysicalPort "
    ),
    "mod_so": "LoadFile LoadModule",
    "mod_watchdog": "WatchdogInterval",
    "http_core": "KeepAlive KeepAliveTimeout MaxKeepAliveRequests",
    "mod_log_config": "BufferedLogs CustomLog GlobalLog LogFormat TransferLog",
    "mod_unixd": "ChrootDir Group Suexec User",
    "mod_actions": "Script",
    "mod_alias": "Alias AliasMatch ScriptAlias ScriptAliasMatch",
    "mod_allowmethods": "AllowMethods",
    "mod_auth_digest": "AuthDigestShmemSize",
    "mod_auth_form": "AuthFormSize",
    "mod_authn_socache": "AuthnCacheContext AuthnCacheEnable AuthnCacheSOCache",
    "mod_brotli": "BrotliAlterETag BrotliCompressionMaxInputBlock BrotliCompressionQuality BrotliCompressionWindow BrotliFilterNote",
    "mod_buffer": "BufferSize",
    "mod_cache": (
        "CacheDefaultExpire CacheDetailHeader CacheDisable CacheEnable CacheHeader CacheIgnoreCacheControl CacheIgnoreHeaders "
        "CacheIgnoreNoLastMod CacheIgnoreQueryString CacheIgnoreURLSessionIdentifiers CacheKeyBaseURL CacheLastModifiedFactor CacheLock "
        "CacheLockMaxAge CacheLockPath CacheMaxExpire CacheMinExpire CacheQuickHandler CacheStaleOnError CacheStoreExpired "
        "CacheStoreNoStore CacheStorePrivate "
    ),
    "mod_cgi": "CGIScriptTimeout ScriptLog ScriptLogBuffer ScriptLogLength",
    "mod_dav": "DAV DAVBasePath DAVDepthInfinity DAVLockDiscovery DAVMinTimeout",
    "mod_deflate": "DeflateAlterEtag DeflateBufferSize DeflateCompressionLevel DeflateFilterNote DeflateMemLevel DeflateWindowSize",
    "mod_ext_filter": "ExtFilterDefine ExtFilterOptions",
    "mod_fcgid": (
        "BusyScanInterval BusyTimeout DefaultInitEnv DefaultMaxClassProcessCount DefaultMinClassProcessCount ErrorScanInterval "
        "FcgidBusyScanInterval FcgidBusyTimeout FcgidCmdOptions FcgidConnectTimeout FcgidErrorScanInterval FcgidFixPathinfo "
        "FcgidIOTimeout FcgidIPCDir FcgidIdleScanInterval FcgidIdleTimeout FcgidInitialEnv FcgidMaxProcesses FcgidMaxProcessesPerClass "
        "FcgidMaxRequestInMem FcgidMaxRequestLen FcgidMaxRequestsPerProcess FcgidMinProcessesPerClass FcgidOutputBufferSize "
        "FcgidPassHeader FcgidProcessLifeTime FcgidProcessTableFile FcgidSpawnScore FcgidSpawnScoreUpLimit FcgidTerminationScore "
        "FcgidTimeScore FcgidZombieScanInterval IPCCommTimeout IPCConnectTimeout IdleScanInterval IdleTimeout MaxProcessCount "
        "MaxRequestInMem MaxRequestLen MaxRequestsPerProcess OutputBufferSize PHP_Fix_Pathinfo_Enable PassHeader ProcessLifeTime "
        "SharememPath SocketPath SpawnScore SpawnScoreUpLimit TerminationScore TimeScore ZombieScanInterval "
    ),
    "mod_filter": "FilterTrace",
    "mod_include": "SSIEndTag SSIStartTag",
    "util_ldap": (
        "LDAPCacheEntries LDAPCacheTTL LDAPConnectionPoolTTL LDAPConnectionTimeout LDAPLibraryDebug LDAPOpCacheEntries LDAPOpCacheTTL "
        "LDAPRetries LDAPRetryDelay LDAPSharedCacheFile LDAPSharedCacheSize LDAPTimeout LDAPTrustedGlobalCert LDAPTrustedMode "
        "LDAPVerifyServerCert "
    ),
    "mod_authnz_ldap": "AuthLDAPCharsetConfig",
    "mod_mime": "ModMimeUsePathInfo TypesConfig",
    "mod_mime_magic": "MimeMagicFile",
    "mod_negotiation": "CacheNegotiatedDocs",
    "mod_proxy": (
        "BalancerGrowth BalancerInherit BalancerMember BalancerPersist NoProxy Proxy100Continue ProxyAddHeaders ProxyBadHeader "
        "ProxyBlock ProxyDomain ProxyErrorOverride ProxyIOBufferSize ProxyMaxForwards ProxyPass ProxyPassInherit "
        "ProxyPassInterpolateEnv ProxyPassMatch ProxyPassReverse ProxyPassReverseCookieDomain ProxyPassReverseCookiePath "
        "ProxyPreserveHost ProxyReceiveBufferSize ProxyRemote ProxyRemoteMatch ProxyRequests ProxySet ProxySourceAddress ProxyStatus "
        "ProxyTimeout ProxyVia "
    ),
    "mod_proxy_html": (
        "ProxyHTMLBufSize ProxyHTMLCharsetOut ProxyHTMLDoctype ProxyHTMLEnable ProxyHTMLEvents ProxyHTMLExtended ProxyHTMLFixups "
        "ProxyHTMLInterp ProxyHTMLLinks ProxyHTMLMeta ProxyHTMLStripComments ProxyHTMLURLMap "
    ),
    "mod_remoteip": (
        "RemoteIPHeader RemoteIPInternalProxy RemoteIPInternalProxyList RemoteIPProxiesHeader RemoteIPProxyProtocol "
        "RemoteIPProxyProtocolExceptions RemoteIPTrustedProxy RemoteIPTrustedProxyList "
    ),
    "mod_request": "KeptBodySize",
    "mod_reqtimeout": "RequestReadTimeout",
    "mod_rewrite": "RewriteMap",
    "mod_session_crypto": "SessionCryptoDriver SessionCryptoPassphraseFile",
    "mod_ssl": (
        "SSLCADNRequestFile SSLCADNRequestPath SSLCARevocationCheck SSLCARevocationFile SSLCARevocationPath SSLCertificateChainFile "
        "SSLCertificateFile SSLCertificateKeyFile SSLCompression SSLCryptoDevice SSLEngine SSLFIPS SSLHonorCipherOrder "
        "SSLInsecureRenegotiation SSLOCSPDefaultResponder SSLOCSPEnable SSLOCSPNoVerify SSLOCSPOverrideResponder SSLOCSPProxyURL "
        "SSLOCSPResponderCertificateFile SSLOCSPResponderTimeout SSLOCSPResponseMaxAge SSLOCSPResponseTimeSkew SSLOCSPUseRequestNonce "
        "SSLOpenSSLConfCmd SSLPassPhraseDialog SSLProtocol SSLProxyCACertificateFile SSLProxyCACertificatePath "
        "SSLProxyCARevocationCheck SSLProxyCARevocationFile SSLProxyCARevocationPath SSLProxyCheckPeerCN SSLProxyCheckPeerExpire "
        "SSLProxyCheckPeerName SSLProxyCipherSuite SSLProxyEngine SSLProxyMachineCertificateChainFile SSLProxyMachineCertificateFile "
        "SSLProxyMachineCertificatePath SSLProxyProtocol SSLProxyVerify SSLProxyVerifyDepth SSLRandomSeed SSLSRPUnknownUserSeed "
        "SSLSRPVerifierFile SSLSessionCache SSLSessionCacheTimeout SSLSessionTicketKeyFile SSLSessionTickets SSLStaplingCache "
        "SSLStaplingErrorCacheTimeout SSLStaplingFakeTryLater SSLStaplingForceURL SSLStaplingResponderTimeout SSLStaplingResponseMaxAge "
        "SSLStaplingResponseTimeSkew SSLStaplingReturnResponderErrors SSLStaplingStandardCacheTimeout SSLStrictSNIVHostCheck "
        "SSLUseStapling SSLVHostSNIPolicy "
    ),
    "mod_sed": "InputSed OutputSed",
    "mod_suexec": "SuexecUserGroup",
    "mod_userdir": "UserDir",
    "mod_vhost_alias": "VirtualDocumentRoot VirtualDocumentRootIP VirtualScriptAlias VirtualScriptAliasIP",
    "mod_lua": "LuaAuthzProvider",
    "mod_log_debug": "LogMessage",
    "mod_xml2enc": "xml2EncAlias",
    "mod_dbd": "DBDExptime DBDInitSQL DBDKeep DBDMax DBDMin DBDParams DBDPersist DBDPrepareSQL DBDriver",
    "mod_authn_dbd": "AuthDBDUserPWQuery AuthDBDUserRealmQuery",
    "mod_authz_dbd": "AuthzDBDLoginToReferer AuthzDBDQuery AuthzDBDRedirectQuery",
    "prefork": (
        "GracefulShutdownTimeout Listen ListenBacklog ListenCoresBucketsRatio ListenTCPDeferAccept MaxClients MaxRequestWorkers "
        "MaxSpareServers MinSpareServers ReceiveBufferSize SendBufferSize ServerLimit StartServers "
    ),
    "mod_http2": (
        "H2Direct H2EarlyHints H2MaxDataFrameLen H2MaxHeaderBlockLen H2MaxSessionStreams H2MaxStreamErrors H2MaxWorkerIdleSeconds "
        "H2MaxWorkers H2MinWorkers H2ModernTLSOnly H2OutputBuffering H2Padding H2PushDiarySize H2PushPriority H2SerializeHeaders "
        "H2SessionExtraFiles H2StreamMaxMemSize H2StreamTimeout H2TLSCoolDownSecs H2TLSWarmUpSize H2WebSockets H2WindowSize "
    ),
}
