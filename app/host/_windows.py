"""Windows: one job object per job; the tree dies with it, or with the agent that holds it."""

import ctypes
import ntpath
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes
from typing import Any

from app.host import _winapi as api
from app.host import ctrl_break
from app.host._proc import InOneStep, Proc
from app.i18n import _

assert sys.platform == "win32"  # noqa: S101 (tells the type checker whose file this is)

_FIRST_PIDS = 64  # places for process ids in the first query
_KILLED = 1  # exit code of a terminated process
_EPOCH = 116_444_736_000_000_000  # 1970 as a FILETIME: units of 100 ns since 1601
_CONSOLE_HOST = "conhost.exe"  # belongs to the system and ends with its last client
_BREAK_LIMIT = 0.8  # seconds for the helper that delivers CTRL_BREAK


def no_crash_dialogs() -> None:
    """Make this process and all that it starts die of a crash without a dialog."""
    quiet = api.SEM_FAILCRITICALERRORS | api.SEM_NOGPFAULTERRORBOX | api.SEM_NOOPENFILEERRORBOX
    api.kernel32.SetErrorMode(api.kernel32.GetErrorMode() | quiet)


class JobObjectTree(InOneStep):
    """One job's processes: the members of a job object that nothing can leave."""

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self._main = 0
        self._job: int | None = None

    def popen_options(self) -> dict[str, Any]:
        """Return the Popen arguments: suspended, with a hidden console and group of its own."""
        hidden = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": api.CREATE_SUSPENDED | hidden}

    @contextmanager
    def spawning(self) -> Iterator[None]:
        """Wrap the spawn; there is nothing to do around it."""
        yield

    def adopt(self, pid: int) -> Proc:
        """Put the suspended child into a new job object and let it run.

        On OSError the child has been terminated: it never ran uncontained. The pid is
        safe because the caller's Popen holds a handle of the process.
        """
        rights = api.PROCESS_SET_QUOTA | api.PROCESS_TERMINATE | api.PROCESS_SUSPEND_RESUME
        with _opened(pid, rights | api.PROCESS_QUERY_LIMITED_INFORMATION) as process:
            if process is None:
                raise api.failure()
            try:
                self._contain(process)
            except OSError:
                api.kernel32.TerminateProcess(process, _KILLED)
                raise
            self._main = pid
            return _describe(pid, process)

    def members(self) -> list[Proc]:
        """Return the living processes of the job object."""
        found = []
        for pid in self._pids():
            with _opened(pid, api.SYNCHRONIZE | api.PROCESS_QUERY_LIMITED_INFORMATION) as process:
                if process is None or not _alive(process):
                    continue
                one = _describe(pid, process)
                if one.command.lower() != _CONSOLE_HOST:
                    found.append(one)
        return found

    def ask(self) -> bool:
        """Send CTRL_BREAK to all in the child's hidden console; False when that fails."""
        if self._job is None:
            return False
        if _has_console():
            return _break_by_helper(self._main)
        return _break_directly(self._main)

    def kill(self) -> list[Proc]:
        """Terminate the job object's processes, and return which they were."""
        found = self.members()
        if self._job is not None and (found or self._pids()):
            api.kernel32.TerminateJobObject(self._job, _KILLED)
        return found

    def close(self) -> None:
        """Close the job object: what is still in it dies."""
        job, self._job = self._job, None
        if job is not None:
            api.kernel32.CloseHandle(job)

    def _contain(self, process: int) -> None:
        self._job = api.kernel32.CreateJobObjectW(None, None)
        if not self._job:
            raise api.failure()
        limits = api.ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = (
            api.JOB_LIMIT_KILL_ON_JOB_CLOSE | api.JOB_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
        )
        if not api.kernel32.SetInformationJobObject(
            self._job,
            api.JOB_EXTENDED_LIMIT_INFORMATION,
            ctypes.byref(limits),
            ctypes.sizeof(limits),
        ):
            raise api.failure()
        if not api.kernel32.AssignProcessToJobObject(self._job, process):
            raise api.failure()
        if api.ntdll.NtResumeProcess(process) < 0:
            raise OSError(_("the suspended process could not be resumed"))

    def _pids(self) -> list[int]:
        """Ask the job object who is in it, with a longer list until all fit."""
        places = _FIRST_PIDS
        while self._job is not None:
            room = _pid_list(places)
            if api.kernel32.QueryInformationJobObject(
                self._job,
                api.JOB_BASIC_PROCESS_ID_LIST,
                ctypes.byref(room),
                ctypes.sizeof(room),
                None,
            ):
                return list(room.pids[: room.listed])
            if ctypes.get_last_error() != api.ERROR_MORE_DATA:
                raise api.failure()
            places *= 2
        return []


def _pid_list(places: int) -> Any:
    """Return a JOBOBJECT_BASIC_PROCESS_ID_LIST with room for so many ids."""

    class PidList(ctypes.Structure):
        _fields_ = (
            ("assigned", wintypes.DWORD),
            ("listed", wintypes.DWORD),
            ("pids", ctypes.c_size_t * places),
        )

    return PidList()


@contextmanager
def _opened(pid: int, rights: int) -> Iterator[int | None]:
    """Yield a handle of the process, None when it cannot be opened."""
    handle = api.kernel32.OpenProcess(rights, False, pid)
    try:
        yield handle or None
    finally:
        if handle:
            api.kernel32.CloseHandle(handle)


def _alive(process: int) -> bool:
    return bool(api.kernel32.WaitForSingleObject(process, 0) == api.WAIT_TIMEOUT)


def _describe(pid: int, process: int) -> Proc:
    born, other = wintypes.FILETIME(), [wintypes.FILETIME() for _ in range(3)]
    api.kernel32.GetProcessTimes(process, ctypes.byref(born), *map(ctypes.byref, other))
    filetime = (born.dwHighDateTime << 32) + born.dwLowDateTime
    name, size = ctypes.create_unicode_buffer(32768), wintypes.DWORD(32768)
    api.kernel32.QueryFullProcessImageNameW(process, 0, name, ctypes.byref(size))
    return Proc(pid, (filetime - _EPOCH) / 1e7, ntpath.basename(name.value))


def _has_console() -> bool:
    return bool(api.kernel32.GetConsoleProcessList((wintypes.DWORD * 1)(), 1))


def _break_by_helper(pid: int) -> bool:
    """Let a short-lived process deliver: leaving our own console would break our output."""
    try:
        done = subprocess.run(
            ctrl_break.command(pid),
            creationflags=subprocess.DETACHED_PROCESS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_BREAK_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _break_directly(pid: int) -> bool:
    """Visit the child's console for a moment; only for a process that has none itself."""
    kernel32 = api.kernel32
    kept = [kernel32.GetStdHandle(one & 0xFFFFFFFF) for one in api.STD_HANDLES]
    if not kernel32.AttachConsole(pid):
        return False
    try:
        # To the child's group only, so that it never reaches the agent.
        return bool(kernel32.GenerateConsoleCtrlEvent(api.CTRL_BREAK_EVENT, pid))
    finally:
        kernel32.FreeConsole()
        for one, handle in zip(api.STD_HANDLES, kept, strict=True):
            kernel32.SetStdHandle(one & 0xFFFFFFFF, handle)
