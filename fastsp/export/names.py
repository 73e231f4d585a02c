"""What a model is called in code, and its files: names that are nobody else's."""

import re
from pathlib import Path

SUFFIXES = {"js": (".js", ".mjs", ".cjs"), "c": (".c", ".cc", ".cpp", ".cxx")}
"""How files of each language end."""

_OF_JAVASCRIPT = frozenset(
    """
    arguments as async await break case catch class const continue debugger default delete do
    else enum eval export extends false finally for from function get if implements import in
    instanceof interface let new null of package private protected public return set static
    super switch this throw true try typeof undefined var void while with yield

    Array ArrayBuffer Atomics BigInt Boolean DataView Date Error Function Infinity Intl
    Iterator JSON Map Math NaN Number Object Promise Proxy Reflect RegExp Set String Symbol
    WeakMap WeakRef WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent escape
    globalThis isFinite isNaN parseFloat parseInt unescape

    __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ constructor
    hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf

    Attr Audio Blob Buffer Comment Document Element Event File Image Node Notification Option
    Range Request Response Screen Selection Storage Text URL WebSocket Window Worker __dirname
    __filename addEventListener alert atob blur btoa caches close closed confirm console crypto
    define dispatchEvent document event exports external fetch find focus frameElement frames
    global history importScripts length location locationbar menubar module moveBy moveTo name
    navigation navigator open opener origin parent performance personalbar postMessage print
    process prompt removeEventListener require scheduler screen scroll scrollbars self status
    statusbar stop toolbar top viewport when window
    """.split()  # noqa: SIM905
)
"""Words of the language, what all objects have, and what pages and Node.js have most of; a script
looks for the others when it is loaded."""

_HEADERS_OF_C = frozenset(
    """
    aio alloca alloc arm_neon assert complex conio cpio ctype direct dirent dlfcn dos elf
    endian err errno error fcntl features fenv float fmtmsg fnmatch ftw getopt glob grp iconv
    immintrin intrin inttypes io iso646 langinfo libgen libintl limits link locale malloc math
    memory monetary mqueue ndbm netdb nl_types omp poll process pthread pwd regex sal sched
    search semaphore setjmp shadow share signal spawn stdalign stdarg stdatomic stdbit stdbool
    stdckdint stddef stdint stdio stdlib stdnoreturn string strings stropts syslog tar termios
    tgmath threads time trace uchar ulimit unistd utime utmp utmpx values varargs wchar wctype
    windows wordexp
    """.split()  # noqa: SIM905
)
"""Headers of compilers and systems, which one of the same name would hide."""


def language_of(path: Path) -> str:
    """Return the language of a file by how it ends; JavaScript where it is no other's."""
    return "c" if path.suffix.lower() in SUFFIXES["c"] else "js"


def check_path(path: Path, to: str) -> None:
    """Raise ValueError where a file of the language `to` cannot be called so."""
    if path.suffix.lower() not in SUFFIXES[to]:
        raise ValueError(f"path must end in {', '.join(SUFFIXES[to])}; got {str(path)!r}")
    if to == "c" and path.stem.lower() in _HEADERS_OF_C:
        raise ValueError(
            f"path must not be {path.name!r}: {path.stem}.h beside it would hide a header of C"
        )
    if to == "c" and not (path.name.isprintable() and re.fullmatch(r'[^"\\?*]+', path.stem)):
        raise ValueError(f"path must be a name that C can include; got {path.name!r}")


def name_of(path: Path, to: str) -> str:
    """Return what a model in the file `path` is called in code."""
    name = re.sub(r"[\W_]+", "_", path.stem, flags=re.ASCII).strip("_")
    if not name or name[0].isdigit():
        name = f"model_{name}".rstrip("_")
    return f"{name}_model" if to == "js" and name in _OF_JAVASCRIPT else name


def check_name(name: str, to: str) -> None:
    """Raise ValueError where a model cannot be called `name` in the language `to`."""
    if not re.fullmatch(r"[A-Za-z_]\w*", name, flags=re.ASCII):
        raise ValueError(f"name must be an identifier of ASCII letters; got {name!r}")
    if to == "js" and name in _OF_JAVASCRIPT:
        raise ValueError(f"name must not be one of JavaScript's or of a page's own; got {name!r}")
    if to == "c" and (name[0] == "_" or "__" in name):
        raise ValueError(
            f"name must not begin with _ nor hold __, which C keeps for itself; got {name!r}"
        )
