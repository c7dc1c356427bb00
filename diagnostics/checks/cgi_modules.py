"""A module that a script asks for and that the host does not have: known where the host could be asked, likely where it could not."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

from diagnostics.checks.cgi_files import Wanted
from diagnostics.evidence import Evidence, TextFile
from diagnostics.facts.cgi_modules import Asked, asked, language
from sites.texts import mark as _


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What lets the program look into further folders.
_LOOKS_ELSEWHERE = {
    "perl": re.compile(rb"@INC\b|^[ \t]*use[ \t]+lib\b|\A#![^\n]{0,200}[ \t]-\w*I|PERL5LIB|local::lib", re.MULTILINE),
    "python": re.compile(rb"sys\.path\b|\baddsitedir\b|activate_this"),
}
# Part of Perl once and taken out of it (perl5140delta, 5160delta, 5200delta, 5220delta): hosts have them no more.
_NO_LONGER_PERL = _names(
    "CGI CGI::Carp CGI::Cookie CGI::Fast CGI::Pretty CGI::Push CGI::Util Switch Shell Class::ISA Pod::Plainer Module::Build "
    "Archive::Extract Log::Message Term::UI File::CheckTree Text::Soundex Pod::LaTeX Object::Accessor Devel::DProf B::Lint"
)
# What comes with every Perl 5 (perlmodlib), as far as scripts of web pages use it; the names below one of a single word belong to it.
_OF_PERL = _names(
    "AnyDBM_File Archive::Tar Attribute AutoLoader B Benchmark CPAN Carp Class::Struct Compress Config Cwd DB DBM_Filter DB_File "
    "Data::Dumper Devel Digest Digest::MD5 Digest::SHA Digest::base Digest::file DirHandle Dumpvalue DynaLoader Encode English Env Errno "
    "Exporter ExtUtils Fatal Fcntl File::Basename File::Compare File::Copy File::DosGlob File::Fetch File::Find File::Glob File::Path "
    "File::Spec File::Temp File::stat FileCache FileHandle Filter FindBin GDBM_File Getopt::Long Getopt::Std HTTP::Tiny Hash::Util I18N "
    "IO IO::Dir IO::File IO::Handle IO::Pipe IO::Poll IO::Seekable IO::Select IO::Socket::INET IO::Socket::IP "
    "IO::Socket::UNIX IO::Zlib IPC::Cmd IPC::Msg IPC::Open2 IPC::Open3 IPC::Semaphore IPC::SharedMem IPC::SysV JSON::PP "
    "List::Util Locale::Maketext MIME::Base64 MIME::QuotedPrint Math::BigFloat Math::BigInt Math::BigRat Math::Complex Math::Trig "
    "Memoize Module NDBM_File NEXT Net::Cmd Net::Config Net::Domain Net::FTP Net::NNTP Net::Netrc Net::POP3 Net::Ping Net::SMTP "
    "Net::Time Net::hostent O ODBM_File Opcode POSIX Params::Check Parse Perl PerlIO Pod SDBM_File Safe Scalar::Util Search::Dict "
    "SelectSaver SelfLoader Socket Storable Sub::Util Symbol Sys::Hostname Sys::Syslog TAP Term::ANSIColor Term::Cap Term::Complete "
    "Term::ReadLine Test Test2 Text::Abbrev Text::Balanced Text::ParseWords Text::Tabs Text::Wrap Thread Tie Time::HiRes Time::Local "
    "Time::Piece Time::Seconds Time::gmtime Time::localtime Time::tm UNIVERSAL Unicode User XSLoader"
)
_ALONE = frozenset({"IO", "Digest"})  # of which others have names below
_OF_PERL_WITH_ALL_BELOW = _names("IO::Compress IO::Uncompress Hash::Util Locale::Maketext Digest::SHA Math::BigInt")
# Of Python 2 only (docs.python.org, "What's New In Python 3.0", PEP 3108).
_OF_PYTHON_2 = _names(
    "urllib2 urlparse httplib cPickle cStringIO StringIO ConfigParser Queue Cookie cookielib HTMLParser BaseHTTPServer CGIHTTPServer "
    "SimpleHTTPServer SocketServer xmlrpclib SimpleXMLRPCServer DocXMLRPCServer robotparser htmlentitydefs htmllib sgmllib md5 sha sets "
    "popen2 commands thread dummy_thread Tkinter tkMessageBox UserDict UserList UserString exceptions __builtin__ copy_reg anydbm "
    "dbhash whichdb gdbm dumbdbm mimetools MimeWriter mimify multifile rfc822 new user dircache statvfs posixfile "
    "rexec Bastion ihooks compiler hotshot imputil mhlib markupbase fpformat toaiff sunaudio cfmfile"
)
# Taken out of Python 3 since 3.12 (PEP 594, PEP 632).
_LATELY_PYTHON = _names(
    "aifc asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp mailcap msilib nis nntplib ossaudiodev pipes smtpd "
    "sndhdr spwd sunau telnetlib uu xdrlib"
)


def lacking(evidence: Evidence, content: TextFile) -> tuple[Wanted, float] | None:
    """The first module that is not there, and how sure that is (0.95 where the host said so itself)."""
    spoken = language(content.content)
    if not spoken or _LOOKS_ELSEWHERE[spoken].search(content.content):
        return None
    wanted = [each for each in asked(content.content) if not _is_beside(each, spoken, evidence, content)]
    told = {name: there for language_, name, there in evidence.modules if language_ == spoken}
    gone = next((each for each in wanted if told.get(each.name) is False), None)
    if gone is not None:
        said = _("the module {name}, which it asks for, is not on this host").format(name=gone.name)
        return Wanted(gone.line, said), 0.95
    for sure, is_such in _LIKELY[spoken]:
        if (found := next((each for each in wanted if each.name not in told and is_such(each.name)), None)) is not None:
            said = _("the module {name}, which it asks for, is not on every host").format(name=found.name)
            return Wanted(found.line, said), sure if spoken == "perl" or b"python3" in content.content[:100] else min(sure, 0.7)
    return None


def _is_beside(each: Asked, spoken: str, evidence: Evidence, content: TextFile) -> bool:
    """Whether the site has one of that name: Python finds it beside the script, Perl where it is told to."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    name = each.name.replace("::", "/")
    ends = (f"/{name}.pm",) if spoken == "perl" else (f"/{name}.py", f"/{name}/__init__.py", f"/{name}")
    return any(entry.path.endswith(ends) for entry in entries)


def _is_foreign_to_perl(name: str) -> bool:
    first, _sep, rest = name.partition("::")
    above = f"{first}::{rest.partition('::')[0]}"
    return name not in _OF_PERL and (first not in _OF_PERL or first in _ALONE) and above not in _OF_PERL_WITH_ALL_BELOW


# What is likely not there, the likeliest first, with how sure that is where the script failed and nothing else says why.
_LIKELY: dict[str, tuple[tuple[float, Callable[[str], bool]], ...]] = {
    "perl": ((0.8, _NO_LONGER_PERL.__contains__), (0.7, _is_foreign_to_perl)),
    "python": (
        (0.93, _OF_PYTHON_2.__contains__),
        (0.7, lambda name: name not in sys.stdlib_module_names and name not in _LATELY_PYTHON),
        (0.7, _LATELY_PYTHON.__contains__),
    ),
}
