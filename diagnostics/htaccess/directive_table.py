"""Which directives the modules of Apache 2.4 bring: name, override class and arguments, as the server itself lists them (`apache2 -L`).

Arguments are those of `invoke_cmd` (server/config.c): `flag` is On or Off, `0` none, `1` exactly one, `1-2` one or two, `1+` one or
more, each on its own, `2+` one and then one or more, `raw` a grammar of the directive's own.
"""

from __future__ import annotations

# (module, override class) -> directives that may stand in a .htaccess
IN_HTACCESS: dict[tuple[str, str], str] = {
    ("core", "AuthConfig"): "CGIPassAuth:flag",
    ("core", "FileInfo"): (
        "AcceptPathInfo:1 AddDefaultCharset:1 CGIVar:2 DefaultType:1 EnableMMAP:1 EnableSendfile:1 ErrorDocument:2 FileETag:raw "
        "ForceType:1 QualifyRedirectURL:flag SetHandler:1 SetInputFilter:1 SetOutputFilter:1"
    ),
    ("core", "Options"): "ContentDigest:flag Options:raw",
    ("core", "any"): "Error:raw LimitRequestBody:1 LimitXMLRequestBody:1 RLimitCPU:1-2 RLimitMEM:1-2 RLimitNPROC:1-2 ServerSignature:1",
    ("mod_access_compat", "AuthConfig"): "Satisfy:1",
    ("mod_access_compat", "Limit"): "Allow:2+ Deny:2+ Order:1",
    ("mod_actions", "FileInfo"): "Action:2-3",
    ("mod_alias", "FileInfo"): (
        "AliasPreservePath:flag Redirect:1-3 RedirectMatch:2-3 RedirectPermanent:2 RedirectRelative:flag RedirectTemp:2"
    ),
    ("mod_auth_basic", "AuthConfig"): "AuthBasicAuthoritative:flag AuthBasicFake:1-2 AuthBasicProvider:1+ AuthBasicUseDigestAlgorithm:1",
    ("mod_auth_digest", "AuthConfig"): (
        "AuthDigestAlgorithm:1 AuthDigestDomain:1+ AuthDigestNcCheck:flag AuthDigestNonceFormat:1 AuthDigestNonceLifetime:1 "
        "AuthDigestProvider:1+ AuthDigestQop:1+"
    ),
    ("mod_auth_form", "AuthConfig"): (
        "AuthFormAuthoritative:flag AuthFormBody:1 AuthFormDisableNoStore:flag AuthFormFakeBasicAuth:flag AuthFormLocation:1 "
        "AuthFormLoginRequiredLocation:1 AuthFormLoginSuccessLocation:1 AuthFormLogoutLocation:1 AuthFormMethod:1 "
        "AuthFormMimetype:1 AuthFormPassword:1 AuthFormProvider:1+ AuthFormSitePassphrase:1 AuthFormUsername:1"
    ),
    ("mod_authn_anon", "AuthConfig"): (
        "Anonymous:1+ Anonymous_LogEmail:flag Anonymous_MustGiveEmail:flag Anonymous_NoUserId:flag Anonymous_VerifyEmail:flag"
    ),
    ("mod_authn_core", "AuthConfig"): "AuthName:1 AuthType:1",
    ("mod_authn_dbm", "AuthConfig"): "AuthDBMType:1 AuthDBMUserFile:1",
    ("mod_authn_file", "AuthConfig"): "AuthUserFile:1",
    ("mod_authn_socache", "AuthConfig"): "AuthnCacheProvideFor:1+ AuthnCacheTimeout:1",
    ("mod_authnz_fcgi", "FileInfo"): "AuthnzFcgiCheckAuthnProvider:raw",
    ("mod_authnz_ldap", "AuthConfig"): (
        "AuthLDAPAuthorizePrefix:1 AuthLDAPBindAuthoritative:flag AuthLDAPBindDN:1 AuthLDAPBindPassword:1 "
        "AuthLDAPCompareAsUser:flag AuthLDAPCompareDNOnServer:flag AuthLDAPDereferenceAliases:1 AuthLDAPGroupAttribute:1+ "
        "AuthLDAPGroupAttributeIsDN:flag AuthLDAPInitialBindAsUser:flag AuthLDAPInitialBindPattern:2 AuthLDAPMaxSubGroupDepth:1 "
        "AuthLDAPRemoteUserAttribute:1 AuthLDAPRemoteUserIsDN:flag AuthLDAPSearchAsUser:flag AuthLDAPSubGroupAttribute:1+ "
        "AuthLDAPSubGroupClass:1+ AuthLDAPURL:1-2"
    ),
    ("mod_authz_core", "AuthConfig"): "AuthMerging:1 AuthzSendForbiddenOnFailure:flag Require:raw",
    ("mod_authz_dbm", "AuthConfig"): "AuthDBMGroupFile:1 AuthzDBMType:1",
    ("mod_authz_groupfile", "AuthConfig"): "AuthGroupFile:1",
    ("mod_autoindex", "Indexes"): (
        "AddAlt:2+ AddAltByEncoding:2+ AddAltByType:2+ AddDescription:2+ AddIcon:2+ AddIconByEncoding:2+ AddIconByType:2+ "
        "DefaultIcon:1 HeaderName:1 IndexHeadInsert:1 IndexIgnore:1+ IndexIgnoreReset:flag IndexOptions:raw IndexOrderDefault:2 "
        "IndexStyleSheet:1 ReadmeName:1"
    ),
    ("mod_autoindex", "any"): "FancyIndexing:raw",
    ("mod_cern_meta", "Indexes"): "MetaDir:1 MetaFiles:flag MetaSuffix:1",
    ("mod_charset_lite", "FileInfo"): "CharsetDefault:1 CharsetOptions:1+ CharsetSourceEnc:1",
    ("mod_deflate", "any"): "DeflateInflateLimitRequestBody:1 DeflateInflateRatioBurst:1 DeflateInflateRatioLimit:1",
    ("mod_dir", "Indexes"): (
        "DirectoryCheckHandler:flag DirectoryIndex:raw DirectoryIndexRedirect:1 DirectorySlash:flag FallbackResource:1"
    ),
    ("mod_env", "FileInfo"): "PassEnv:1+ SetEnv:1-2 UnsetEnv:1+",
    ("mod_expires", "Indexes"): "ExpiresActive:flag ExpiresByType:2 ExpiresDefault:1",
    ("mod_fcgid", "FileInfo"): (
        "FastCgiAccessChecker:1 FastCgiAccessCheckerAuthoritative:flag FastCgiAuthenticator:1 "
        "FastCgiAuthenticatorAuthoritative:flag FastCgiAuthorizer:1 FastCgiAuthorizerAuthoritative:flag FcgidAccessChecker:1 "
        "FcgidAccessCheckerAuthoritative:flag FcgidAuthenticator:1 FcgidAuthenticatorAuthoritative:flag FcgidAuthorizer:1 "
        "FcgidAuthorizerAuthoritative:flag FcgidWrapper:1-3 FCGIWrapper:1-3"
    ),
    ("mod_filter", "FileInfo"): "AddOutputFilterByType:raw",
    ("mod_filter", "Options"): "FilterChain:1+ FilterDeclare:1-2 FilterProtocol:2-3 FilterProvider:3",
    ("mod_headers", "FileInfo"): "Header:raw RequestHeader:raw",
    ("mod_http2", "AuthConfig"): "H2Push:1 H2Upgrade:1",
    ("mod_http2", "AuthConfig/FileInfo"): "H2EarlyHint:2 H2PushResource:1-3",
    ("mod_http2", "FileInfo"): "H2CopyFiles:1 H2ProxyRequests:1",
    ("mod_imagemap", "Indexes"): "ImapBase:1 ImapDefault:1 ImapMenu:1",
    ("mod_include", "Limit"): "SSIEtag:flag SSILastModified:flag SSILegacyExprParser:flag",
    ("mod_include", "Options"): "XBitHack:1",
    ("mod_include", "any"): "SSIErrorMsg:1 SSITimeFormat:1 SSIUndefinedEcho:1",
    ("mod_isapi", "FileInfo"): (
        "ISAPIAppendLogToErrors:flag ISAPIAppendLogToQuery:flag ISAPIFakeAsync:flag ISAPILogNotSupported:flag ISAPIReadAheadBuffer:1"
    ),
    ("mod_ldap", "AuthConfig"): "LDAPReferralHopLimit:1 LDAPReferrals:1 LDAPTrustedClientCert:2-3",
    ("mod_logio", "any"): "LogIOTrackTTFB:flag",
    ("mod_lua", "any"): (
        "LuaCodeCache:1 LuaHookAccessChecker:2-3 LuaHookAuthChecker:2-3 LuaHookCheckUserID:2-3 LuaHookFixups:2 "
        "LuaHookInsertFilter:2 LuaHookLog:2 LuaHookMapToStorage:2 LuaHookPreTranslateName:2 LuaHookTranslateName:2-3 "
        "LuaHookTypeChecker:2 LuaInherit:1 LuaInputFilter:3 LuaMapHandler:2-3 LuaOutputFilter:3 LuaPackageCPath:1 "
        "LuaPackagePath:1 LuaQuickHandler:2 LuaRoot:1 LuaScope:1-3"
    ),
    ("mod_macro", "any"): "MacroIgnoreBadNesting:raw MacroIgnoreEmptyArgs:raw UndefMacro:1 Use:raw",
    ("mod_md", "AuthConfig"): "MDRequireHttps:1",
    ("mod_mime", "FileInfo"): (
        "AddCharset:2+ AddEncoding:2+ AddHandler:2+ AddInputFilter:2+ AddLanguage:2+ AddOutputFilter:2+ AddType:2+ "
        "DefaultLanguage:1 MultiviewsMatch:1+ RemoveCharset:1+ RemoveEncoding:1+ RemoveHandler:1+ RemoveInputFilter:1+ "
        "RemoveLanguage:1+ RemoveOutputFilter:1+ RemoveType:1+"
    ),
    ("mod_negotiation", "FileInfo"): "ForceLanguagePriority:1+ LanguagePriority:1+",
    ("mod_netware", "FileInfo"): "CGIMapExtension:2-3",
    ("mod_proxy_express", "FileInfo"): "ProxyExpressDBMFile:1 ProxyExpressDBMType:1 ProxyExpressEnable:flag",
    ("mod_proxy_fcgi", "FileInfo"): "ProxyFCGIBackendType:1 ProxyFCGISetEnvIf:2-3",
    ("mod_proxy_hcheck", "FileInfo"): "ProxyHCExpr:raw ProxyHCTemplate:raw",
    ("mod_reflector", "Options"): "ReflectorHeader:1-2",
    ("mod_rewrite", "FileInfo"): "RewriteBase:1 RewriteCond:raw RewriteEngine:flag RewriteOptions:1+ RewriteRule:raw",
    ("mod_session", "AuthConfig"): (
        "Session:flag SessionEnv:flag SessionExclude:1 SessionExpiryUpdateInterval:1 SessionHeader:1 SessionInclude:1 SessionMaxAge:1"
    ),
    ("mod_session_cookie", "AuthConfig"): "SessionCookieName2:raw SessionCookieName:raw SessionCookieRemove:flag",
    ("mod_session_crypto", "AuthConfig"): "SessionCryptoCipher:1 SessionCryptoPassphrase:1+",
    ("mod_session_dbd", "AuthConfig"): (
        "SessionDBDCookieName2:1+ SessionDBDCookieName:1+ SessionDBDCookieRemove:flag SessionDBDDeleteLabel:1 "
        "SessionDBDInsertLabel:1 SessionDBDPerUser:flag SessionDBDSelectLabel:1 SessionDBDUpdateLabel:1"
    ),
    ("mod_setenvif", "FileInfo"): "BrowserMatch:raw BrowserMatchNoCase:raw SetEnvIf:raw SetEnvIfExpr:raw SetEnvIfNoCase:raw",
    ("mod_speling", "Options"): "CheckBasenameMatch:flag CheckCaseOnly:flag CheckSpelling:flag",
    ("mod_ssl", "AuthConfig"): (
        "SSLCACertificateFile:1 SSLCACertificatePath:1 SSLCipherSuite:1-2 SSLRenegBufferSize:1 SSLRequire:raw SSLRequireSSL:raw "
        "SSLUserName:1 SSLVerifyClient:1 SSLVerifyDepth:1"
    ),
    ("mod_ssl", "Options"): "SSLOptions:raw",
    ("mod_ssl", "any"): "SSLLog:raw SSLLogLevel:raw",
    ("mod_substitute", "FileInfo"): "Substitute:1 SubstituteInheritBefore:flag SubstituteMaxLineLength:1",
    ("mod_usertrack", "FileInfo"): (
        "CookieDomain:1 CookieExpires:1 CookieHttpOnly:flag CookieName:1 CookieSameSite:1 CookieSecure:flag CookieStyle:1 "
        "CookieTracking:flag"
    ),
    ("mod_win32", "FileInfo"): "ScriptInterpreterSource:1",
    ("mod_xml2enc", "any"): "xml2EncDefault:1 xml2StartParse:1+",
}

# module -> directives that only the server's own configuration may hold
SERVER_ONLY: dict[str, str] = {
    "core": (
        "AcceptFilter AccessFileName AllowEncodedSlashes AllowOverride AllowOverrideList CoreDumpDirectory DefaultRuntimeDir "
        "Define DocumentRoot ErrorLog ErrorLogFormat ExtendedStatus FlushMaxPipelined FlushMaxThreshold "
        "HostnameLookups HttpProtocolOptions Include IncludeOptional LimitInternalRecursion LimitRequestFields "
        "LimitRequestFieldsize LimitRequestLine LogLevel MaxConnectionsPerChild MaxMemFree MaxRangeOverlaps MaxRangeReversals "
        "MaxRanges MaxRequestsPerChild MergeSlashes MergeTrailers Mutex NameVirtualHost PidFile Port Protocol Protocols "
        "ProtocolsHonorOrder ReadBufferSize RegexDefaultOptions RegisterHttpMethod ScoreBoardFile SeeRequestTail ServerAdmin "
        "ServerAlias ServerName ServerPath ServerRoot ServerTokens StrictHostCheck ThreadStackSize Timeout TraceEnable UNCList "
        "UnDefine UseCanonicalName UseCanonicalPhysicalPort"
    ),
    "http_core": "KeepAlive KeepAliveTimeout MaxKeepAliveRequests",
    "mod_actions": "Script",
    "mod_alias": "Alias AliasMatch ScriptAlias ScriptAliasMatch",
    "mod_allowmethods": "AllowMethods",
    "mod_auth_digest": "AuthDigestShmemSize",
    "mod_auth_form": "AuthFormSize",
    "mod_authn_dbd": "AuthDBDUserPWQuery AuthDBDUserRealmQuery",
    "mod_authn_socache": "AuthnCacheContext AuthnCacheEnable AuthnCacheSOCache",
    "mod_authnz_fcgi": "AuthnzFcgiDefineProvider",
    "mod_authnz_ldap": "AuthLDAPCharsetConfig",
    "mod_authz_dbd": "AuthzDBDLoginToReferer AuthzDBDQuery AuthzDBDRedirectQuery",
    "mod_brotli": ("BrotliAlterETag BrotliCompressionMaxInputBlock BrotliCompressionQuality BrotliCompressionWindow BrotliFilterNote"),
    "mod_buffer": "BufferSize",
    "mod_cache": (
        "CacheDefaultExpire CacheDetailHeader CacheDisable CacheEnable CacheHeader CacheIgnoreCacheControl CacheIgnoreHeaders "
        "CacheIgnoreNoLastMod CacheIgnoreQueryString CacheIgnoreURLSessionIdentifiers CacheKeyBaseURL CacheLastModifiedFactor "
        "CacheLock CacheLockMaxAge CacheLockPath CacheMaxExpire CacheMinExpire CacheQuickHandler CacheStaleOnError "
        "CacheStoreExpired CacheStoreNoStore CacheStorePrivate"
    ),
    "mod_cache_disk": "CacheDirLength CacheDirLevels CacheMaxFileSize CacheMinFileSize CacheReadSize CacheReadTime CacheRoot",
    "mod_cache_socache": (
        "CacheSocache CacheSocacheMaxSize CacheSocacheMaxTime CacheSocacheMinTime CacheSocacheReadSize CacheSocacheReadTime"
    ),
    "mod_cgi": "CGIScriptTimeout",
    "mod_cgid": "CGIDScriptTimeout ScriptLog ScriptLogBuffer ScriptLogLength ScriptSock",
    "mod_dav": "DAV DAVBasePath DAVDepthInfinity DAVLockDiscovery DAVMinTimeout",
    "mod_dav_fs": "DAVLockDB",
    "mod_dav_lock": "DAVGenericLockDB",
    "mod_dbd": "DBDExptime DBDInitSQL DBDKeep DBDMax DBDMin DBDParams DBDPersist DBDPrepareSQL DBDriver",
    "mod_deflate": ("DeflateAlterEtag DeflateBufferSize DeflateCompressionLevel DeflateFilterNote DeflateMemLevel DeflateWindowSize"),
    "mod_dumpio": "DumpIOInput DumpIOOutput",
    "mod_echo": "ProtocolEcho",
    "mod_ext_filter": "ExtFilterDefine ExtFilterOptions",
    "mod_fcgid": (
        "BusyScanInterval BusyTimeout DefaultInitEnv DefaultMaxClassProcessCount DefaultMinClassProcessCount ErrorScanInterval "
        "FcgidBusyScanInterval FcgidBusyTimeout FcgidCmdOptions FcgidConnectTimeout FcgidErrorScanInterval FcgidFixPathinfo "
        "FcgidIdleScanInterval FcgidIdleTimeout FcgidInitialEnv FcgidIOTimeout FcgidIPCDir FcgidMaxProcesses "
        "FcgidMaxProcessesPerClass FcgidMaxRequestInMem FcgidMaxRequestLen FcgidMaxRequestsPerProcess FcgidMinProcessesPerClass "
        "FcgidOutputBufferSize FcgidPassHeader FcgidProcessLifeTime FcgidProcessTableFile FcgidSpawnScore FcgidSpawnScoreUpLimit "
        "FcgidTerminationScore FcgidTimeScore FcgidZombieScanInterval IdleScanInterval IdleTimeout IPCCommTimeout "
        "IPCConnectTimeout MaxProcessCount MaxRequestInMem MaxRequestLen MaxRequestsPerProcess OutputBufferSize PassHeader "
        "PHP_Fix_Pathinfo_Enable ProcessLifeTime SharememPath SocketPath SpawnScore SpawnScoreUpLimit TerminationScore TimeScore "
        "ZombieScanInterval"
    ),
    "mod_file_cache": "cachefile mmapfile",
    "mod_filter": "FilterTrace",
    "mod_heartbeat": "HeartbeatAddress",
    "mod_heartmonitor": "HeartbeatListen HeartbeatMaxServers",
    "mod_http2": (
        "H2Direct H2EarlyHints H2MaxDataFrameLen H2MaxHeaderBlockLen H2MaxSessionStreams H2MaxStreamErrors H2MaxWorkerIdleSeconds "
        "H2MaxWorkers H2MinWorkers H2ModernTLSOnly H2OutputBuffering H2Padding H2PushDiarySize H2PushPriority H2SerializeHeaders "
        "H2SessionExtraFiles H2StreamMaxMemSize H2StreamTimeout H2TLSCoolDownSecs H2TLSWarmUpSize H2WebSockets H2WindowSize"
    ),
    "mod_ident": "IdentityCheck IdentityCheckTimeout",
    "mod_include": "SSIEndTag SSIStartTag",
    "mod_info": "AddModuleInfo",
    "mod_isapi": "ISAPICacheFile",
    "mod_lbmethod_heartbeat": "HeartbeatStorage",
    "mod_ldap": (
        "LDAPCacheEntries LDAPCacheTTL LDAPConnectionPoolTTL LDAPConnectionTimeout LDAPLibraryDebug LDAPOpCacheEntries "
        "LDAPOpCacheTTL LDAPRetries LDAPRetryDelay LDAPSharedCacheFile LDAPSharedCacheSize LDAPTimeout LDAPTrustedGlobalCert "
        "LDAPTrustedMode LDAPVerifyServerCert"
    ),
    "mod_log_config": "BufferedLogs CustomLog GlobalLog LogFormat TransferLog",
    "mod_log_debug": "LogMessage",
    "mod_log_forensic": "ForensicLog",
    "mod_lua": "LuaAuthzProvider",
    "mod_md": (
        "MDActivationDelay MDBaseServer MDCACertificateFile MDCAChallenges MDCertificateAgreement MDCertificateAuthority "
        "MDCertificateCheck MDCertificateFile MDCertificateKeyFile MDCertificateProtocol MDCertificateStatus MDChallengeDns01 "
        "MDChallengeDns01Version MDCheckInterval MDContactEmail MDDriveMode MDExternalAccountBinding MDHttpProxy "
        "MDHttpProxyCACertificateFile MDInitialDelay MDMatchNames MDMember MDMembers MDMessageCmd MDMustStaple MDNotifyCmd "
        "MDomain MDPortMap MDPrivateKeys MDProfile MDProfileMandatory MDRenewMode MDRenewViaARI MDRenewWindow MDRetryDelay "
        "MDRetryFailover MDServerStatus MDStapleOthers MDStapling MDStaplingKeepResponse MDStaplingRenewWindow MDStoreDir "
        "MDStoreLocks MDWarnWindow"
    ),
    "mod_mime": "ModMimeUsePathInfo TypesConfig",
    "mod_mime_magic": "MimeMagicFile",
    "mod_negotiation": "CacheNegotiatedDocs",
    "mod_nw_ssl": "NWSSLTrustedCerts NWSSLUpgradeable SecureListen",
    "mod_privileges": "DTracePrivileges PrivilegesMode VHostCGIMode VHostCGIPrivs VHostGroup VHostPrivs VHostSecure VHostUser",
    "mod_proxy": (
        "BalancerGrowth BalancerInherit BalancerMember BalancerPersist NoProxy Proxy100Continue ProxyAddHeaders ProxyBadHeader "
        "ProxyBlock ProxyDomain ProxyErrorOverride ProxyIOBufferSize ProxyMaxForwards ProxyPass ProxyPassInherit "
        "ProxyPassInterpolateEnv ProxyPassMatch ProxyPassReverse ProxyPassReverseCookieDomain ProxyPassReverseCookiePath "
        "ProxyPreserveHost ProxyReceiveBufferSize ProxyRemote ProxyRemoteMatch ProxyRequests ProxySet ProxySourceAddress "
        "ProxyStatus ProxyTimeout ProxyVia"
    ),
    "mod_proxy_connect": "AllowCONNECT",
    "mod_proxy_ftp": "ProxyFtpDirCharset ProxyFtpEscapeWildcards ProxyFtpListOnWildcard",
    "mod_proxy_hcheck": "ProxyHCTPsize",
    "mod_proxy_html": (
        "ProxyHTMLBufSize ProxyHTMLCharsetOut ProxyHTMLDoctype ProxyHTMLEnable ProxyHTMLEvents ProxyHTMLExtended ProxyHTMLFixups "
        "ProxyHTMLInterp ProxyHTMLLinks ProxyHTMLMeta ProxyHTMLStripComments ProxyHTMLURLMap"
    ),
    "mod_proxy_scgi": "ProxySCGIInternalRedirect ProxySCGISendfile",
    "mod_proxy_wstunnel": "ProxyWebsocketFallbackToProxyHttp",
    "mod_remoteip": (
        "RemoteIPHeader RemoteIPInternalProxy RemoteIPInternalProxyList RemoteIPProxiesHeader RemoteIPProxyProtocol "
        "RemoteIPProxyProtocolExceptions RemoteIPTrustedProxy RemoteIPTrustedProxyList"
    ),
    "mod_reqtimeout": "RequestReadTimeout",
    "mod_request": "KeptBodySize",
    "mod_rewrite": "RewriteMap",
    "mod_sed": "InputSed OutputSed",
    "mod_session_crypto": "SessionCryptoDriver SessionCryptoPassphraseFile",
    "mod_so": "LoadFile LoadModule",
    "mod_socache_memcache": "MemcacheConnTTL",
    "mod_socache_redis": "RedisConnPoolTTL RedisTimeout",
    "mod_ssl": (
        "SSLCADNRequestFile SSLCADNRequestPath SSLCARevocationCheck SSLCARevocationFile SSLCARevocationPath "
        "SSLCertificateChainFile SSLCertificateFile SSLCertificateKeyFile SSLCompression SSLCryptoDevice SSLEngine SSLFIPS "
        "SSLHonorCipherOrder SSLInsecureRenegotiation SSLOCSPDefaultResponder SSLOCSPEnable SSLOCSPNoVerify "
        "SSLOCSPOverrideResponder SSLOCSPProxyURL SSLOCSPResponderCertificateFile SSLOCSPResponderTimeout SSLOCSPResponseMaxAge "
        "SSLOCSPResponseTimeSkew SSLOCSPUseRequestNonce SSLOpenSSLConfCmd SSLPassPhraseDialog SSLProtocol "
        "SSLProxyCACertificateFile SSLProxyCACertificatePath SSLProxyCARevocationCheck SSLProxyCARevocationFile "
        "SSLProxyCARevocationPath SSLProxyCheckPeerCN SSLProxyCheckPeerExpire SSLProxyCheckPeerName SSLProxyCipherSuite "
        "SSLProxyEngine SSLProxyMachineCertificateChainFile SSLProxyMachineCertificateFile SSLProxyMachineCertificatePath "
        "SSLProxyProtocol SSLProxyVerify SSLProxyVerifyDepth SSLRandomSeed SSLSessionCache SSLSessionCacheTimeout "
        "SSLSessionTicketKeyFile SSLSessionTickets SSLSRPUnknownUserSeed SSLSRPVerifierFile SSLStaplingCache "
        "SSLStaplingErrorCacheTimeout SSLStaplingFakeTryLater SSLStaplingForceURL SSLStaplingResponderTimeout "
        "SSLStaplingResponseMaxAge SSLStaplingResponseTimeSkew SSLStaplingReturnResponderErrors SSLStaplingStandardCacheTimeout "
        "SSLStrictSNIVHostCheck SSLUseStapling SSLVHostSNIPolicy"
    ),
    "mod_suexec": "SuexecUserGroup",
    "mod_unixd": "ChrootDir Group Suexec User",
    "mod_userdir": "UserDir",
    "mod_vhost_alias": "VirtualDocumentRoot VirtualDocumentRootIP VirtualScriptAlias VirtualScriptAliasIP",
    "mod_watchdog": "WatchdogInterval",
    "mod_xml2enc": "xml2EncAlias",
    "mpm": (
        "AsyncRequestWorkerFactor GracefulShutdownTimeout Listen ListenBacklog ListenCoresBucketsRatio ListenTCPDeferAccept "
        "MaxClients MaxRequestWorkers MaxSpareServers MaxSpareThreads MinSpareServers MinSpareThreads "
        "ReceiveBufferSize SendBufferSize ServerLimit StartServers ThreadLimit ThreadsPerChild"
    ),
}
