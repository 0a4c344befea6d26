"""The last door that a worker closes: from then on the kernel answers nothing that decoding does not need (seccomp).

The limits of decode_child.confine count for a process that plays by them; as root they could be raised again. A filter
cannot be taken off by anybody. What is not on the list fails with EPERM, as a missing permission does, so that a
library that asks for something unusual gets an error and not its death.

Linux on x86-64 and 64-bit ARM. Elsewhere, and where the kernel has no seccomp, the limits stand alone.
"""

import ctypes
import os
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EPERM
LOAD, EQUALS, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # of the classic Berkeley packet filter
NUMBER_AT, ARCHITECTURE_AT = 0, 4  # in struct seccomp_data
X32 = 0x40000000  # numbers of the x32 way to call x86-64, which is refused
INSTRUCTION = struct.Struct("HBBI")

# Memory, the answer's pipe, signals to itself, clocks, threads' locks, and the end.
X86_64 = (
    0xC000003E,
    {
        "read": 0, "write": 1, "close": 3, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
        "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "mremap": 25, "madvise": 28,
        "getpid": 39, "exit": 60, "gettid": 186, "futex": 202, "clock_gettime": 228, "exit_group": 231, "tgkill": 234,
        "getrandom": 318,
    },
)  # fmt: skip
AARCH64 = (
    0xC00000B7,
    {
        "close": 57, "lseek": 62, "read": 63, "write": 64, "exit": 93, "exit_group": 94, "futex": 98,
        "clock_gettime": 113, "sched_yield": 124, "tgkill": 131, "rt_sigaction": 134, "rt_sigprocmask": 135,
        "rt_sigreturn": 139, "getpid": 172, "gettid": 178, "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222,
        "mprotect": 226, "madvise": 233, "getrandom": 278,
    },
)  # fmt: skip
LISTS = {"x86_64": X86_64, "aarch64": AARCH64}


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


class Filter:
    """Made before the fork, so that closing the door is two calls."""

    def __init__(self) -> None:
        listed = LISTS.get(os.uname().machine)
        self._code = program(*listed) if listed else b""
        self._program = _Program(len(self._code) // INSTRUCTION.size, self._code)
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl
        self._prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]

    def close(self) -> bool:
        """Whether from now on the filter holds for this process."""
        if not self._code or self._prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            return False
        return bool(self._prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(self._program), 0, 0) == 0)


def program(architecture: int, allowed: dict[str, int]) -> bytes:
    """The filter: another architecture, an x32 number or what is not listed is refused."""
    numbers = sorted(allowed.values())
    head = [
        INSTRUCTION.pack(LOAD, 0, 0, ARCHITECTURE_AT),
        INSTRUCTION.pack(EQUALS, 0, len(numbers) + 2, architecture),
        INSTRUCTION.pack(LOAD, 0, 0, NUMBER_AT),
        INSTRUCTION.pack(AT_LEAST, len(numbers), 0, X32),
    ]
    tests = [INSTRUCTION.pack(EQUALS, len(numbers) - n, 0, number) for n, number in enumerate(numbers)]
    return b"".join([*head, *tests, INSTRUCTION.pack(RETURN, 0, 0, REFUSE), INSTRUCTION.pack(RETURN, 0, 0, ALLOW)])
