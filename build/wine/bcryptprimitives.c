/* bcryptprimitives.dll, which Wine 8 lacks: Rust programs (cryptography) take their random bytes there. */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(void *, ULONG); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(unsigned char *bytes, SIZE_T count)
{
    while (count) {
        ULONG piece = count < 0x10000 ? (ULONG)count : 0x10000;
        if (!SystemFunction036(bytes, piece))
            return FALSE;
        bytes += piece;
        count -= piece;
    }
    return TRUE;
}
