/* python.exe and pythonw.exe: what CPython's own PC/python.c does. */
#include <windows.h>

extern int Py_Main(int, wchar_t **);

#ifdef WINDOWED
int WINAPI wWinMain(HINSTANCE instance, HINSTANCE previous, LPWSTR line, int show)
{
    return Py_Main(__argc, __wargv);
}
#else
int wmain(int argc, wchar_t **argv) { return Py_Main(argc, argv); }
#endif
