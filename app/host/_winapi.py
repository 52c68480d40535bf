"""Windows: the few calls of kernel32 and ntdll that containment needs, with full prototypes."""

import ctypes
import sys
from ctypes import wintypes

assert sys.platform == "win32"  # noqa: S101 (tells the type checker whose file this is)

PROCESS_TERMINATE = 0x0001
PROCESS_SET_QUOTA = 0x0100
PROCESS_SUSPEND_RESUME = 0x0800
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
SYNCHRONIZE = 0x00100000

CREATE_SUSPENDED = 0x00000004
CTRL_BREAK_EVENT = 1
ERROR_MORE_DATA = 234
WAIT_TIMEOUT = 258
STD_HANDLES = (-10, -11, -12)  # input, output, error

SEM_FAILCRITICALERRORS = 0x0001
SEM_NOGPFAULTERRORBOX = 0x0002
SEM_NOOPENFILEERRORBOX = 0x8000

JOB_BASIC_PROCESS_ID_LIST = 3
JOB_EXTENDED_LIMIT_INFORMATION = 9
JOB_LIMIT_DIE_ON_UNHANDLED_EXCEPTION = 0x0400
JOB_LIMIT_KILL_ON_JOB_CLOSE = 0x2000


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
        ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
        ("LimitFlags", wintypes.DWORD),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", wintypes.DWORD),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", wintypes.DWORD),
        ("SchedulingClass", wintypes.DWORD),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION (IoInfo: six counters of 8 bytes)."""

    _fields_ = (
        ("BasicLimitInformation", BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
ntdll = ctypes.WinDLL("ntdll")

_BOOL, _DWORD, _HANDLE, _POINTER = (
    wintypes.BOOL,
    wintypes.DWORD,
    wintypes.HANDLE,
    wintypes.LPVOID,
)
_DWORDS, _TIME = ctypes.POINTER(_DWORD), ctypes.POINTER(wintypes.FILETIME)
_PROTOTYPES: dict[str, tuple[object, tuple[object, ...]]] = {
    "CreateJobObjectW": (_HANDLE, (_POINTER, wintypes.LPCWSTR)),
    "SetInformationJobObject": (_BOOL, (_HANDLE, ctypes.c_int, _POINTER, _DWORD)),
    "QueryInformationJobObject": (_BOOL, (_HANDLE, ctypes.c_int, _POINTER, _DWORD, _DWORDS)),
    "AssignProcessToJobObject": (_BOOL, (_HANDLE, _HANDLE)),
    "TerminateJobObject": (_BOOL, (_HANDLE, wintypes.UINT)),
    "TerminateProcess": (_BOOL, (_HANDLE, wintypes.UINT)),
    "OpenProcess": (_HANDLE, (_DWORD, _BOOL, _DWORD)),
    "CloseHandle": (_BOOL, (_HANDLE,)),
    "WaitForSingleObject": (_DWORD, (_HANDLE, _DWORD)),
    "GetProcessTimes": (_BOOL, (_HANDLE, _TIME, _TIME, _TIME, _TIME)),
    "QueryFullProcessImageNameW": (_BOOL, (_HANDLE, _DWORD, wintypes.LPWSTR, _DWORDS)),
    "SetDllDirectoryW": (_BOOL, (wintypes.LPCWSTR,)),
    "SetErrorMode": (wintypes.UINT, (wintypes.UINT,)),
    "GetErrorMode": (wintypes.UINT, ()),
    "GetConsoleProcessList": (_DWORD, (_DWORDS, _DWORD)),
    "AttachConsole": (_BOOL, (_DWORD,)),
    "FreeConsole": (_BOOL, ()),
    "GenerateConsoleCtrlEvent": (_BOOL, (_DWORD, _DWORD)),
    "GetStdHandle": (_HANDLE, (_DWORD,)),
    "SetStdHandle": (_BOOL, (_DWORD, _HANDLE)),
}
for _name, (_result, _arguments) in _PROTOTYPES.items():
    _function = getattr(kernel32, _name)
    _function.restype, _function.argtypes = _result, _arguments
ntdll.NtResumeProcess.restype = ctypes.c_long  # NTSTATUS: negative is a failure
ntdll.NtResumeProcess.argtypes = (_HANDLE,)


def failure() -> OSError:
    """Return the last call's error."""
    return ctypes.WinError(ctypes.get_last_error())
