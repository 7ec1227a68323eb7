# SPDX-License-Identifier: GPL-2.0
"""Small changes to C source, one at a time. A pure function of the text.

Only what is inside of functions is changed; not comments, strings, macros, nor
what says or hints without doing: assertions, tracepoints, prefetches.
"""

import bisect
import collections
import re

Token = collections.namedtuple("Token", "kind text start end")
Mutant = collections.namedtuple("Mutant", "function line kind start end new old_line new_line")
# The outcome of one. verdict: killed (a test noticed), survived, same (code), broken (does not
# compile), absent (no object has it); by: which test, or why.
Outcome = collections.namedtuple("Outcome", "verdict by")

TOKEN = re.compile(r"""
    (?P<skip>\s+|/\*.*?\*/|//[^\n]*)
  | (?P<macro>^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<name>[A-Za-z_]\w*)
  | (?P<number>\d\w*)
  | (?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)
""", re.X | re.S | re.M)

RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
SUMS = {"+": "-", "-": "+", "<<": ">>", ">>": "<<", "+=": "-=", "-=": "+=", "++": "--",
        "--": "++", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<=", "^": "|", "%": "*"}
NAMES = {
    "list_add": "list_add_tail", "list_add_tail": "list_add",
    "pcp_list_add": "pcp_list_add_tail", "pcp_list_add_tail": "pcp_list_add",
    "list_move_tail": "list_move", "list_move": "list_move_tail",
    "list_first_entry": "list_last_entry", "list_del_init": "list_del",
    "list_del": "list_del_init", "min": "max", "max": "min",
    "true": "false", "false": "true", "break": "continue",
    "__SetPagePCPBuddy": "__ClearPagePCPBuddy",
}
ASSIGN = {"=", "+=", "-=", "|=", "&=", "<<=", ">>=", "^=", "*=", "/=", "%="}
TYPES = {"struct", "enum", "union", "unsigned", "signed", "int", "long", "short", "char", "bool",
         "const", "static", "void", "u8", "u16", "u32", "u64", "size_t", "va_list", "typeof",
         "LIST_HEAD"}
# They say or hint, and do nothing; a point is for suites.
SILENT = re.compile(r"VM_(WARN|BUG)_ON|WARN_ON|BUILD_BUG|lockdep_|trace_|prefetch$|"
                    r"KUNIT_STATIC_STUB|pr_err$|pcp_point$")


def tokens(text):
    out = []
    for match in TOKEN.finditer(text):
        if match.lastgroup not in ("skip", "macro"):
            out.append(Token(match.lastgroup, match.group(), match.start(), match.end()))
    return out


def closing(toks, index):
    """Index of the token that closes the bracket at index."""
    pairs = {"(": ")", "{": "}", "[": "]"}
    opened, closed, depth = toks[index].text, pairs[toks[index].text], 0
    for i in range(index, len(toks)):
        if toks[i].text == opened:
            depth += 1
        elif toks[i].text == closed:
            depth -= 1
            if not depth:
                return i
    return len(toks) - 1


def functions(toks):
    """[(name, index of {, index of })] of the functions defined here."""
    out, i = [], 0
    while i < len(toks):
        if toks[i].text == "{":
            end = closing(toks, i)
            name = function_name(toks, i)
            if name is not None:
                out.append((toks[name].text, i, end))
            i = end
        i += 1
    return out


def function_name(toks, brace):
    """Index of the name of the function whose body begins here; None: it is no function."""
    i = brace - 1
    while i > 0 and is_attribute(toks[i]):
        i -= 1
    if i < 1 or toks[i].text != ")":
        return None
    name = opener(toks, i)
    # An attribute may have parentheses of its own.
    while is_attribute(toks[name]) and toks[name - 1].text == ")":
        name = opener(toks, name - 1)
    return name


def is_attribute(token):
    """Such as __no_context_analysis and __must_hold(), behind the arguments."""
    return token.kind == "name" and token.text.startswith("__")


def opener(toks, index):
    """Index of the name before the parentheses that end at index."""
    depth = 0
    while index >= 0:
        depth += {")": 1, "(": -1}.get(toks[index].text, 0)
        if not depth:
            break
        index -= 1
    return max(index - 1, 0)


def statements(toks, begin, end):
    """[(first, semicolon)] of the simple statements between two braces."""
    out, i = [], begin + 1
    while i < end:
        text = toks[i].text
        if text in ("{", "}", ";", "else", "do"):
            i += 1
        elif text in ("case", "default"):
            while toks[i].text != ":":
                i += 1
            i += 1
        elif toks[i].kind == "name" and toks[i + 1].text == "(" and text != "return":
            last = closing(toks, i + 1)
            if toks[last + 1].text == ";" and text != "while":
                out.append((i, last + 1))
                i = last + 2
            elif is_control(text):
                i = last + 1
            else:
                i = simple(toks, i, end, out)
        else:
            i = simple(toks, i, end, out)
    return out


def is_control(text):
    return text in ("if", "while", "for", "switch") or "for_each" in text


def simple(toks, i, end, out):
    """A statement up to its semicolon; one with braces in it is a declaration."""
    first, depth, braces = i, 0, False
    while i < end:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(toks[i].text, 0)
        braces |= toks[i].text == "{"
        if toks[i].text == ";" and not depth:
            if not braces:
                out.append((first, i))
            return i + 1
        if toks[i].text == ":" and i == first + 1:
            return i + 1
        i += 1
    return end


def is_declaration(toks, first):
    if toks[first].text in TYPES:
        return True
    return toks[first].kind == "name" and toks[first + 1].kind == "name"


def silent_parts(toks, begin, end):
    """Indices of tokens inside of calls that say or hint."""
    inside = set()
    for i in range(begin, end):
        if toks[i].kind != "name" or toks[i + 1].text != "(":
            continue
        last = closing(toks, i + 1)
        if SILENT.match(toks[i].text):
            inside.update(range(i, last + 1))
        elif toks[i].text == "PCP_CHECK":
            # Behind the condition there are only a text and what is put into it.
            inside.update(range(first_comma(toks, i + 1, last), last + 1))
    return inside


def first_comma(toks, begin, end):
    depth = 0
    for i in range(begin, end):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(toks[i].text, 0)
        if toks[i].text == "," and depth == 1:
            return i
    return end


def changes(toks, begin, end):
    """(kind, first token, last token, new text) of each change in one function."""
    silent = silent_parts(toks, begin, end)
    yield from removals(toks, begin, end, silent)
    for i in range(begin + 1, end):
        if i not in silent:
            yield from changes_at(toks, i)


def removals(toks, begin, end, silent):
    for first, last in statements(toks, begin, end):
        if first in silent:
            continue
        text = toks[first].text
        inner = toks[first:last]
        if text == "return":
            value = inner[1:]
            if not value:
                yield "return removed", first, last, ";"
            elif not (len(value) == 1 and value[0].text in ("0", "1", "NULL", "true", "false")):
                yield "return value changed", first, last, "return 0;"
        elif text in ("break", "continue", "goto", "fallthrough"):
            if text != "fallthrough":
                yield f"{text} removed", first, last, ";"
        elif is_declaration(toks, first):
            continue
        elif any(t.text in ASSIGN | {"++", "--"} for t in inner):
            yield "statement removed", first, last, ";"
        elif inner[-1].text == ")":
            yield "call removed", first, last, ";"


def changes_at(toks, i):
    text, kind = toks[i].text, toks[i].kind
    before, after = toks[i - 1], toks[i + 1]
    if text in ("if", "while") and after.text == "(":
        last = closing(toks, i + 1)
        if not (text == "while" and last == i + 3 and toks[i + 2].text in ("0", "1")):
            yield "condition negated", i + 1, last, ("(!(", "))")
    elif text in RELATIONS:
        yield "relation changed", i, i, RELATIONS[text]
    elif text in LOGIC:
        yield "logic changed", i, i, LOGIC[text]
    elif text in SUMS:
        binary = before.kind in ("name", "number") or before.text in (")", "]")
        binary = binary and before.text != "return"
        if text in ("++", "--", "+=", "-=", "|=", "&=", "<<=", ">>=") or binary:
            yield "arithmetic changed", i, i, SUMS[text]
        elif text == "-":
            yield "sign removed", i, i, ""
    elif text == "!" and after.kind == "name":
        yield "negation removed", i, i, ""
    elif text == "~":
        yield "complement removed", i, i, ""
    elif kind == "number":
        new = {"0": "1", "1": "0"}.get(text) or re.sub(r"^\d+", lambda m: str(int(m[0]) + 1), text)
        yield "constant changed", i, i, re.sub(r"^0([UL]+)$", r"1\1", new) if text[0] == "0" else new
    elif kind == "name" and text in NAMES:
        if text in ("min", "max") and after.text != "(":
            return
        yield f"{text} swapped", i, i, NAMES[text]
    elif text == "order" and before.text in ("(", ",", "<<") and after.text in (")", ",", ";"):
        yield "order changed", i, i, "(order + 1)"
    elif text == "NULL" and before.text in (",", "(") and after.text in (",", ")"):
        return


def mutants(text):
    """All the changes of a file, in order of place."""
    toks = tokens(text)
    starts = [0] + [m.end() for m in re.finditer("\n", text)]
    out = []
    for name, begin, end in functions(toks):
        for kind, first, last, new in changes(toks, begin, end):
            out.append(make(text, starts, name, kind, toks[first].start, toks[last].end, new))
    out.sort(key=lambda m: (m.start, m.end, m.kind, m.new))
    unique, seen = [], set()
    for mutant in out:
        if (mutant.start, mutant.end, mutant.new) not in seen:
            seen.add((mutant.start, mutant.end, mutant.new))
            unique.append(mutant)
    return unique


def make(text, starts, function, kind, start, end, new):
    old = text[start:end]
    if isinstance(new, tuple):
        # A condition keeps its text, in its lines.
        new = new[0] + old[1:-1] + new[1]
    else:
        new += "\n" * (old.count("\n") - new.count("\n"))
    line = bisect.bisect_right(starts, start)
    head = starts[line - 1]
    tail = text.find("\n", end)
    tail = len(text) if tail < 0 else tail
    old_line = " ".join(text[head:tail].split())
    new_line = " ".join((text[head:start] + new + text[end:tail]).split())
    return Mutant(function, line, kind, start, end, new, old_line, new_line)


def apply(text, mutant):
    return text[:mutant.start] + mutant.new + text[mutant.end:]


def touching(text, changes, lines):
    """Those that change something in one of these lines."""
    return [change for change in changes if any(
        line in lines for line in range(
            change.line, change.line + text.count("\n", change.start, change.end) + 1))]
