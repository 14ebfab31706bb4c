# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""C text without what the checks must not look at."""

import re

_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
                    r"|'(?:\\.|[^'\\\n])*'", re.S)


def without_comments(text):
    """Comments become blanks; line numbers stay."""
    def blank(match):
        token = match.group()
        if token[0] in '"\'':
            return token
        return ' ' + '\n' * token.count('\n')
    return _TOKEN.sub(blank, text)


def places(path, text, pattern):
    """Where the code of a file matches, as "path:line: text"."""
    for number, line in enumerate(without_comments(text).split('\n'), 1):
        if re.search(pattern, line):
            yield f'{path}:{number}: {line.strip()}'


def api_functions(text):
    """The functions that a public header declares with VIC_API."""
    code = without_comments(text)
    code = re.sub(r'^[ \t]*#[^\n]*(?:\\\n[^\n]*)*', '', code, flags=re.M)
    return re.findall(r'\bVIC_API\b[^;{(]*?\b(\w+)\s*\(', code)
