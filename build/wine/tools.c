/* sleep, true, false and touch, which a Windows with Git on its PATH has: tests run them as jobs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

int main(int count, char **words)
{
    const char *last = strrchr(words[0], '\\');
    const char *name = last ? last + 1 : words[0];
    if (!_strnicmp(name, "sleep", 5))
        Sleep(count > 1 ? (DWORD)(atof(words[1]) * 1000) : 0);
    if (!_strnicmp(name, "touch", 5))
        for (int at = 1; at < count; at++) {
            FILE *file = fopen(words[at], "ab");
            if (file == NULL)
                return 1;
            fclose(file);
        }
    return !_strnicmp(name, "false", 5);
}
