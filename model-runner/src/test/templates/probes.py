"""Small templates, each about one thing, and seeded random ones."""

import random
import re

VARIABLES = {
    "s": "Hello, World",
    "t": "  padded\n\ttext \n",
    "u": "Straße ÉCLAIR 😀 ﬁn ΣΑΣ",
    "e": "",
    "n": 7,
    "z": 0,
    "f": 2.5,
    "big": 12345678901234567890,
    "yes": True,
    "no": False,
    "nil": None,
    "l": [3, 1, 2],
    "words": ["b", "A", "c", "a"],
    "mixed": [1, "x", None, True, 2.0, [1], {"k": "v"}],
    "d": {"b": 1, "a": "two", "items": "shadowed", "c": {"x": [10, 20]}},
    "people": [
        {"name": "Ann", "age": 31, "tags": ["x"], "on": True},
        {"name": "bob", "age": 5, "tags": [], "on": False},
        {"name": "Cyd", "age": 31, "tags": ["y", "z"], "on": True},
    ],
    "html": "<b>\"a\" & 'b'</b>",
}

EXPRESSIONS = r"""
1 + 2 * 3 - 4
(1 + 2) * 3
2 ** 3 ** 2
-2 ** 2
2 ** -1
2 ** 0.5
-7 // 2
-7 % 3
7 % -3
-7.5 // 2
7.5 % -2
5.0 // 0.5
1 / 2
4 / 2
1 / 0
1 // 0
1 % 0
1.0 / 0
0 ** -1
10 ** 20
10 ** 20 + 0.5
1e16
1e15
123456789012345680.0
1e-5
0.0001
1.5e300 * 1e10
-0.0
0.1 + 0.2
1e22
5e-324
1_000 + 0x1F + 0b11 + 0o17
1_0.5
00
2.0E3
+5
- -5
+s
-s
true + 1
True and 1
none
None
[1, 2.0, 'a', "it's", none, true, (1,), (), {'k': [1]}]
{'a': 1, "b": {'c': (1, 2)}}
{1: 'a', 1.0: 'b', true: 'c'}
{'a': 1}.a
{'a': 1}['a']
{'a': 1}.b
{'a': 1}.b.c
{'a': 1}['b']['c']
undefined_thing
undefined_thing.x
undefined_thing + 1
undefined_thing ~ 'x'
undefined_thing == undefined_thing
undefined_thing == other_thing
undefined_thing == none
undefined_thing == ''
undefined_thing or 'default'
not undefined_thing
undefined_thing | length
undefined_thing | list
undefined_thing | upper
undefined_thing | int
undefined_thing | float
undefined_thing | tojson
undefined_thing | default('d')
undefined_thing | first
undefined_thing | last
undefined_thing | join(',')
undefined_thing | trim
undefined_thing | sum
undefined_thing | map('upper') | list
undefined_thing | items | list
undefined_thing | sort
undefined_thing | reverse | list
undefined_thing | string | length
undefined_thing()
undefined_thing[0]
undefined_thing[0:1]
undefined_thing < 1
-undefined_thing
[undefined_thing]
{'a': undefined_thing}
'a' in undefined_thing
undefined_thing in [undefined_thing]
undefined_thing in 'abc'
undefined_thing is iterable
undefined_thing is sequence
undefined_thing is callable
undefined_thing is mapping
undefined_thing is none
nil.x
nil['x']
nil.x.y
nil[0]
nil | length
nil | upper
nil | trim
nil | default('d')
nil | default('d', true)
nil + 'a'
'a' + nil
'a' + 1
1 + 'a'
'a' ~ 1 ~ none ~ true ~ 1.0 ~ [1, 'x']
'a' * 3
3 * 'ab'
'a' * -1
[1, 2] * 2
(1, 2) + (3,)
[1] + [2]
[1] + (2,)
[1] - [1]
'abc' - 'a'
{'a': 1} + {'b': 2}
1 < 2 < 3
1 < 3 < 2
3 > 2 == 2
1 == 1.0 == true
'a' < 'b'
'a' < 1
[1, 2] < [1, 3]
(1, 'a') < (1, 'b')
[1] == (1,)
[1, [2, {'x': 3.0}]] == [1.0, [2, {'x': 3}]]
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
'Z' < 'a'
'é' > 'z'
'😀' > '￿'
none < 1
none == false
'' == false
0 == false
1 in [1.0]
'ell' in s
'' in s
'x' not in s
1 in s
'a' in d
'a' in d.keys()
1 in d.values()
('b', 1) in d.items()
none in [none]
2 in range(3)
not 1 in [1]
not true == false
[] or {} or '' or 0 or 'last'
1 and 'x' and []
0 and undefined_thing.x
1 or undefined_thing.x
'a' if true
'a' if false
('a' if false) is defined
'a' if false else 'b' if false else 'c'
(1 if true else 2) + 1
1 if 2 if 3 else 0 else 5
1, 2
(1)
(1,)
()
s[0]
s[-1]
s[100]
s[1:4]
s[:-1]
s[::-1]
s[::2]
s[-3:]
s[10:2]
s[10:2:-2]
s[::0]
s['x']
s[1.0]
s[true]
s['upper']()
u[::-1]
u[9]
u[7:10]
u | length
l[0]
l[-1]
l[9]
l['a']
l[1:]
l[::-1]
l[-100:100]
l[none:none]
l[:undefined_thing]
l['a':]
mixed[1:3]
(1, 2, 3)[::-1]
range(10)[2:5]
range(10)[::-3] | list
range(5)
range(1, 10, 3) | list
range(5, 0, -2) | list
range(0)
range(2)[1]
range(3) == range(0, 3)
range(1.5)
range()
range(1, 2, 0)
range(1000000)
range(3) | length
range(3) | last
d.a
d.b
d['b']
d.items
d.items()
d['items']
d.keys()
d.values() | list
d.items() | list
d.get('a')
d.get('zz')
d.get('zz', 'dflt')
d.get('zz', default='dflt')
d.get()
d.get([])
d.c.x[1]
d.c.x.1
d.c['x'][0]
d['zz']
d[1]
d[[]]
d[{}]
d.update({'x': 1})
d.pop('a')
d.pop
d.copy().b
d.keys()[0]
d.keys() | first
d | length
d | list
d | first
d | last
d | sort
d | dictsort
d.c | dictsort
{'b': 1, 'A': 2, 'c': 0} | dictsort
{'b': 1, 'A': 2, 'c': 0} | dictsort(true)
{'b': 1, 'A': 2, 'c': 0} | dictsort(by='value')
{'b': 1, 'A': 2, 'c': 0} | dictsort(false, 'value', true)
d | dictsort(by='other')
d | tojson
d | items | list
l | items | list
l | items
s.items
s | items | list
l.append(4)
l.append
l.index(2)
l.index(9)
l.count(1)
l.copy()
l.sort()
(1, 2, 1).count(1)
s.upper()
s.lower()
s.title()
s.capitalize()
s.swapcase()
u.upper()
u.lower()
u.title()
u.capitalize()
u.casefold()
u.swapcase()
"they're bill's".title()
"they're bill's-co (x) <y>" | title
'ab cd-ef' | title
'ǆ'.title()
'ß'.title()
'ΑΣ'.lower()
'ΑΣ'.capitalize()
''.capitalize()
t.strip()
t.lstrip()
t.rstrip()
'xxhixx'.strip('x')
'xyhiyx'.strip('xy')
'xyhiyx'.lstrip('xy')
'xyhiyx'.rstrip('xy')
'x'.strip(none)
'x'.strip('')
'x'.strip(1)
' hi\u00a0\u2003\u200b'.strip()
'\x1c\x1f\x85a\u180e'.strip()
t | trim
'xxhixx' | trim('x')
'xxhixx' | trim(chars='x')
'a,b,,c'.split(',')
'a,b,,c'.split(',', 1)
'a,b,,c'.split(',', maxsplit=2)
'a,b,,c'.split(sep=',')
'a,b,,c'.rsplit(',', 1)
'a,b,,c'.rsplit(',')
'aXXbXXc'.split('XX')[-1]
'aaa'.split('aa')
'aaa'.rsplit('aa')
' a  b c '.split()
' a  b c '.split(none, 1)
' a  b c '.rsplit(none, 1)
' a  b c '.rsplit()
''.split()
''.split(',')
'a'.split('')
'a\nb\r\nc\rd\x0be\n'.splitlines()
'a\nb\r\nc'.splitlines(true)
'a\n\nb\n'.splitlines(keepends=true)
''.splitlines()
'a=b=c'.partition('=')
'a=b=c'.rpartition('=')
'abc'.partition('=')
'abc'.rpartition('=')
s.startswith('Hello')
s.startswith(('x', 'He'))
s.startswith('World', 7)
s.startswith('', 50)
s.startswith(1)
s.startswith(['H'])
s.endswith('World')
s.endswith(('d', 'x'))
s.endswith('Hello', 0, 5)
s.find('o')
s.find('o', 5)
s.find('zz')
s.find('', 12)
s.find('', 13)
s.rfind('o')
s.rfind('')
s.index('W')
s.index('zz')
u.find('😀')
u.find('ﬁn')
s.count('l')
s.count('')
s.count('l', 4)
u.count('')
s.replace('l', 'L')
s.replace('l', 'L', 2)
s.replace('l', 'L', 0)
s.replace('', '-')
s.replace('', '-', 1)
s.replace('', '-', 3)
''.replace('', '-')
''.replace('', '-', 0)
s.replace('l')
s.replace('l', 1)
s.replace('l', 'L', count=1)
s | replace('l', 'L')
s | replace('l', 'L', 1)
s | replace('l', 'L', count=1)
12321 | replace(2, 'x')
none | replace('N', 'n')
'a-b'.removeprefix('a-').removesuffix('b')
'-'.join(['a', 'b'])
'-'.join('abc')
'-'.join([1])
'-'.join(d)
'x'.center(6)
'xy'.center(7, '*')
'xyz'.center(6, '*')
'x'.ljust(3, '.')
'x'.rjust(3, '.')
'x'.rjust(3, '..')
'-42'.zfill(6)
'a\tbc\td'.expandtabs(4)
'abc'.isalpha()
'ab1'.isalnum()
'12'.isdigit()
'²'.isdigit()
'½'.isnumeric()
'½'.isdecimal()
''.isalpha()
' \n'.isspace()
'Abc'.istitle()
'ABC'.isupper()
'abc1'.islower()
'1'.islower()
'a1_'.isidentifier()
'1a'.isidentifier()
'é'.isascii()
'a\n'.isprintable()
'a'.nosuch()
'a'.nosuch
'a'.encode
'{} {}'.format(1, 'x')
'{0} {1} {0}'.format('a', 'b')
'{x} {y[k]} {z.a}'.format(x=1, y={'k': 2}, z={'a': 3})
'{{}} {!r}'.format('q')
'{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd')
'{:05d} {:+d} {:,} {:x} {:#x} {:b} {:o} {:e} {:.2f} {:.3g} {:%}'.format(42, 42, 1234567, 255, 255, 5, 8, 1234.5, 3.14159, 0.00012345, 0.25)
'{:.2f}'.format(2)
'{:d}'.format(2.5)
'{:.1f}'.format(0.25)
'{:.0f}'.format(0.5)
'{:g} {:g} {:g}'.format(1e20, 1e5, 0.0001)
'{:10.3}|{:8}'.format('abcdef', 2.5)
'{:{}}'.format('a', 4)
'{}'.format()
'{x}'.format()
'{'.format()
'}'.format()
'{:s}'.format(1)
'{} {}'.format(none, [1, 'a'])
'%s and %s' % (1, 'b')
'%s' % 'x'
'%s' % [1, 2]
'%d%%' % 42
'%5d|%-5d|%05d|%+d' % (42, 42, 42, 42)
'%.2f %e %g %G' % (3.14159, 12345.678, 0.00001, 1e20)
'%x %X %o %#x' % (255, 255, 8, 255)
'%r %s' % ('it', "it's")
'%(a)s-%(b)05.1f' % {'a': 1, 'b': 2.55}
'%c%c' % ('a', 98)
'%d' % 2.9
'%d' % 'x'
'%s %s' % 1
'%s' % (1, 2)
'x' % 1
'x' % ()
'x' % {}
'%q' % 1
'%' % 1
'%5s|%-5s|%.2s' % ('a', 'b', 'cde')
'%s-%s' | format('a', 'b')
'%(x)s' | format(x=1)
'%*d' % (5, 42)
l | length
l | count
s | length
5 | length
l | first
l | last
[] | first
[] | last
[] | first is defined
'' | last
l | join
l | join(', ')
l | join(d='-')
people | join(', ', attribute='name')
mixed | join('|')
5 | join
l | sort
l | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
words | sort(reverse=true)
people | sort(attribute='name') | map(attribute='name') | list
people | sort(attribute='age,name') | map(attribute='name') | list
people | sort(attribute='age', reverse=true) | map(attribute='name') | list
mixed | sort
[none, none] | sort
[none, 1] | sort
[[2, 1], [1, 5], [1]] | sort
people | sort
words | unique | list
[1, 1.0, true, 2] | unique | list
people | unique(attribute='age') | map(attribute='name') | join
[[1], [1]] | unique | list
l | reverse | list
l | reverse | first
s | reverse
u | reverse
d | reverse | list
5 | reverse
l | sum
[] | sum
people | sum(attribute='age')
[0.1, 0.2, 0.3] | sum
['a'] | sum
[[1], [2]] | sum(start=[])
l | min
l | max
[] | max
words | min
words | max
words | max(case_sensitive=true)
people | max(attribute='age')
mixed | max
2.5 | round
3.5 | round
2.675 | round(2)
-2.5 | round
42 | round
42.7 | round | int
1234.5 | round(-2)
1234 | round(-2)
1250 | round(-2)
42.55 | round(1, 'floor')
42.55 | round(1, 'ceil')
42 | round(0, 'ceil')
42.1 | round(method='up')
s | round
-3 | abs
-2.5 | abs
true | abs
s | abs
'42' | int
' 42 ' | int
'42.9' | int
'x' | int
'x' | int(5)
'x' | int(default=-1)
'0x1f' | int(base=16)
'ff' | int(0, 16)
'0b11' | int(0, 2)
'1_000' | int
'_1' | int
'-5' | int
'+5' | int
'٣' | int
2.9 | int
-2.9 | int
none | int
true | int
[] | int
'1e3' | int
'inf' | int
'nan' | int
'2.5' | float
'x' | float
'x' | float(1.5)
5 | float
none | float
'inf' | float
'-Infinity' | float
' nan ' | float
'1_0.5' | float
'.5' | float
'5.' | float
'.' | float
('inf' | float) | int
1e400
true | string
1.0 | string
[1, 'a'] | string
s | string
'abc' | list
5 | list
d | list | length
mixed | map('string') | list
words | map('upper') | join
people | map(attribute='name') | list
people | map(attribute='tags.0') | list
people | map(attribute='tags.0', default='none') | list
people | map(attribute='zz') | list
people | map(attribute='zz', default=0) | list
people | map('length') | list
words | map('replace', 'a', 'x') | join(',')
words | map | list
words | map('nosuch') | list
words | map(upper) | list
words | map('nosuch') is defined
[] | map('nosuch') | list
people | selectattr('on') | map(attribute='name') | list
people | rejectattr('on') | map(attribute='name') | list
people | selectattr('age', 'gt', 10) | map(attribute='name') | list
people | selectattr('name', 'equalto', 'bob') | list | length
people | selectattr('name', 'in', ['bob', 'Ann']) | map(attribute='name') | list
people | selectattr('zz', 'defined') | list
people | selectattr('tags.0', 'defined') | list | length
people | selectattr | list
l | select('odd') | list
l | reject('odd') | list
l | select('divisibleby', 3) | list
mixed | select | list
mixed | select('string') | list
mixed | reject('none') | list
l | select('nosuch') | list
l | select('==', 2) | list
l | select('>', 1) | list
5 | select | list
d | attr('b')
d | attr('get') is defined
s | attr('upper') is callable
l | batch(2) | list
l | batch(2, 'x') | list
range(7) | slice(3) | list
range(7) | slice(3, 'x') | list
'a\nb\n\nc' | indent
'a\nb\n\nc' | indent(2)
'a\nb\n\nc' | indent(2, true)
'a\nb\n\nc' | indent(2, blank=true)
'a\nb\n' | indent('>> ', first=true)
'' | indent(first=true)
none | indent
5 | indent
'a b c d e f' | truncate(5, end='.', leeway=0)
'a b c d e f' | truncate(5, true, '.', 0)
s | truncate(3)
s | truncate(2)
'one two  three-four' | wordcount
'x' | center(5)
s | capitalize
s | upper
s | lower
u | upper
u | lower
u | title
u | capitalize
1 | upper
html | escape
html | e
html | safe
html | forceescape
(html | escape) + '<'
('<' | safe) + '<>'
'<' + ('>' | safe)
('<' | safe) ~ '<'
(html | safe).replace('b', '<')
('<' | safe) * 2
('a<' | safe)[1]
('a<' | safe) | upper
('a' | safe) is escaped
'a' is escaped
['<' | safe] | tojson
('<' | safe) == '<'
{'a<': 1}['a<' | safe]
s | default('x')
'' | default('x')
'' | default('x', true)
'' | default('x', boolean=true)
nosuch | d('x')
nosuch | default
nosuch | default(default_value=3)
mixed | tojson
d | tojson(indent=2)
d | tojson(indent='\t')
d | tojson(indent=0)
d | tojson(true)
u | tojson
u | tojson(ensure_ascii=true)
html | tojson
'\x00\x1f\x7f\u2028\\"/' | tojson
'\x7f' | tojson(ensure_ascii=true)
1e16 | tojson
0.1 | tojson
1.0 | tojson
('inf' | float) | tojson
(1, 2) | tojson
{1: 2, none: 3, true: 4, 1.5: 5} | tojson
{'b': 1, 'a': 2} | tojson(sort_keys=true)
[1, 2] | tojson(separators=(',', ':'))
{'a': [1]} | tojson(separators=(',', ':'), indent=1)
[[], {}, [[]], {'a': {}}] | tojson(indent=2)
range(3) | tojson
namespace() | tojson
d.items() | tojson
{(1, 2): 3} | tojson
l | map('string') | tojson
dict(a=1, b=2)
dict({'a': 1}, b=2)
dict([('a', 1), ['b', 2]])
dict(['ab'])
dict(5)
dict()
dict(**{'x': 1})
namespace(a=1).a
namespace(a=1)['a']
namespace({'a': 1}, b=2)
namespace(_a=1)
namespace().x
namespace().x.y
namespace(a=1) is mapping
namespace(a=1) is iterable
namespace() == namespace()
namespace(items=3).items
range(3) | map('string') | join
raise_exception('no ' ~ n)
raise_exception()
raise_exception(5)
strftime_now('%Y-%m-%d')
strftime_now('%d %b %Y')
strftime_now('%A, %B %-d, %Y %I:%M:%S %p %j %y %H %a %e %f %% %z|%Z|')
strftime_now('%c|%x|%X|%D|%F|%T|%R|%r|%u|%w|%U|%W|%V|%G|%C|%k|%l|%h|%n|%t|%P')
strftime_now('%-m/%_d/%^a')
strftime_now()
s is defined
nosuch is defined
nosuch is not defined
nosuch is undefined
nil is none
nil is not none
not nil is none
yes is true
1 is true
no is false
yes is boolean
1 is integer
true is integer
1.0 is integer
1.0 is float
1 is number
true is number
'1' is number
s is string
d is mapping
l is mapping
l is iterable
s is iterable
5 is iterable
range(3) is iterable
d.items() is iterable
l is sequence
d is sequence
s is sequence
range(2) is sequence
d.items() is sequence
(l | map('string')) is sequence
(l | map('string')) is iterable
l | map('string') is iterable
3 is odd
3 is even
2.0 is even
'a' is odd
9 is divisibleby 3
9 is divisibleby(2)
9 is divisibleby(num=3)
9 is divisibleby
9 is divisibleby 0
1 is eq 1
1 is equalto 1.0
1 is == 1
1 is ne 2
1 is != 2
3 is gt 2
3 is lessthan 2
3 is ge(3)
3 is le 2
'a' is in ['a', 'b']
'a' is in 'abc'
1 is not in [1]
none is sameas none
nil is sameas(none)
1 is sameas true
'abc' is lower
'ABC' is upper
1 is lower
range is callable
s.upper is callable
s is callable
'upper' is filter
'nosuch' is filter
'odd' is test
3 is odd and 2 is even
3 is odd or nosuch.x
1 is none if true else 2
'a' if nosuch is defined else 'b'
1 is odd is even
3 is nosuch
1 if true else (3 is nosuch)
s | nosuch
1 if true else (s | nosuch)
(s | nosuch) if false else 1
s | upper | lower | title
s | upper.x
-1 | abs
-l | first
2 + 3 | string
'a' 'b' "c"
'a\tb\n\\n\'\"\x41\u00e9\U0001F600\101\7'
"\N{GREEK SMALL LETTER ALPHA}"
'\d\é\😀'
'\
x'
'\x4'
'\u12'
'\N{NOSUCH}'
'multi
line'
"a'b" ~ 'c"d' ~ "e"
["a'b", 'c"d', 'e\'"f', '\n\t\x00\x7f\xa0\u200b\ue000😀é\\']
['\u0378', '\U000e0001']
[1.0, 1e100, -0.0, 1e-7]
s.upper
nosuch(1)
s()
5()
d.a()
s.upper(1)
s.upper(x=1)
s.split(*[',', 1])
s.split(**{'sep': ','})
s.replace(*['l', 'L'])
s.replace('l', *['L'])
dict(**5)
dict(*5)
s.split(',', sep='x')
loop
{'a': 1, 'a': 2}
{'a': 1,}
[1, 2,]
[,]
{'a'}
(1, 2
1 +
a b
s..upper
s.
s.1
1.5.x
s[1
s[]
s[,]
s[1, 2]
d['a', 'b']
| upper
1 | 2
a ? b : c
a && b
!a
a === b
x = 1
lambda: 1
[x for x in l]
1 not 2
'unclosed
a; b
@
$x
é
é.x
_private is defined
d._x
d.__class__
s.__class__.__mro__
''.__class__ is defined
''['__class__']
true.x
(1).x
1.x
3.5.x
[[1, 2], [3, 4]] | map('first') | list
[[1, 2], [3]] | map('sum') | list
people | map(attribute='name') | map('lower') | select('ne', 'bob') | join('+')
(people | selectattr('age', '>', 5) | first).name
people[0].tags[0]
people.0.name
people | length > 2
l | length == 3 and s | length == 12
n in l or n == 7
s | upper ~ '!' | lower
('a' ~ 'b') | upper
[1, 2] in [[1, 2]]
{'a': 1} in [{'a': 1}]
[] in {}
big + 1
big * big
big // 7
big % 1000
big / 3
big == 12345678901234567890.0
big > 1e19
-big // 10
big ** 2
2 ** 100
2 ** 63 - 1
9223372036854775807 + 1
1 < 1.5 < 2
0.1 + 0.2 == 0.3
('nan' | float) == ('nan' | float)
('nan' | float) < 1
[('nan' | float)] == [('nan' | float)]
1 / 3
2 / 3 * 3
1e308 * 10
7 // 0.5
-7 // 0.5
1 - 0.9
100.0
1e2
123456789.123456789
""".strip("\n")

STATEMENTS = [
    "{% if a %}1{% elif s %}2{% else %}3{% endif %}",
    "{% if a %}1{% elif b %}2{% endif %}",
    "{% if s: %}colon{% endif %}",
    "{% if s, %}tuple{% endif %}",
    "{% if (s) and not nil %}x{% endif %}",
    "{% if %}x{% endif %}",
    "{% if s %}x",
    "{% if s %}x{% endfor %}",
    "{% endif %}",
    "{% else %}",
    "{% nosuch %}",
    "{% %}",
    "{% 5 %}",
    "{{ }}",
    "{{ s ",
    "{{ s }",
    "{% if s }x{% endif %}",
    "{# open",
    "{#- c -#} x {#+ d +#} y",
    "{#-#}x{##}y{#--#}z",
    "a {# {{ x }} {% if %} #} b",
    "{% for x in l %}{{ x }},{% endfor %}",
    "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
    "{% for x in l %}[{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }}]{% endfor %}",
    "{% for x in l %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}",
    "{% for x in l %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in l %}{{ loop.cycle() }}{% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}",
    "{% for x in l %}{{ loop.nosuch }}|{{ loop['index'] }}|{{ loop }}{% endfor %}",
    "{% for x in [] %}x{% else %}empty{% endfor %}",
    "{% for x in nosuch %}x{% else %}empty{% endfor %}",
    "{% for x in nil %}x{% else %}empty{% endfor %}",
    "{% for x in 5 %}x{% endfor %}",
    "{% for x in 'añ😀' %}{{ x }}.{% endfor %}",
    "{% for k in d %}{{ k }};{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in d | items %}{{ k }}={{ v }}{{ loop.last }};{% endfor %}",
    "{% for k, v in d | dictsort %}{{ k }}{% endfor %}",
    "{% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}",
    "{% for a, b in [[1, 2], (3, 4), 'xy'] %}{{ a }}{{ b }};{% endfor %}",
    "{% for a, b in [[1, 2, 3]] %}{{ a }}{% endfor %}",
    "{% for a, b in [[1]] %}{{ a }}{% endfor %}",
    "{% for a, b in [1] %}{{ a }}{% endfor %}",
    "{% for (a, b), c in [[[1, 2], 3]] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for i, (a, b) in [[1, [2, 3]]] %}{{ i }}{{ a }}{{ b }}{% endfor %}",
    "{% for x in l if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }}{{ loop.last }} {% endfor %}",
    "{% for x in l if x > 9 %}x{% else %}none{% endfor %}",
    "{% for x in l if loop.index > 1 %}x{% endfor %}",
    "{% for y in l %}{% for x in l if loop.index > 1 %}{{ x }}{% endfor %};{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in l %}{% break %}{% else %}else{% endfor %}",
    "{% for x in l %}{% continue %}{% else %}else{% endfor %}",
    "{% for x in l %}{% if loop.last %}{% break %}{% endif %}{% else %}else{% endfor %}",
    "{% for x in l %}{% for y in l %}{% if y == 1 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}",
    "{% for x in l %}{% set q %}a{% break %}b{% endset %}{{ q }}{% endfor %}done",
    "{% for x in l %}{% filter upper %}a{% continue %}b{% endfilter %}{% endfor %}done",
    "{% for x in l %}{% with a = 1 %}{{ a }}{% break %}{% endwith %}{% endfor %}done",
    "{% for y in l %}{% for x in [] %}{% else %}{{ y }}{% break %}{% endfor %}{% endfor %}",
    "{% for x in [] %}{% else %}{% break %}{% endfor %}",
    "{% break %}",
    "{% continue %}",
    "{% for x in l %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for x in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
    "{% for x in l %}{% if true %}{% break %}{% endif %}{% endfor %}ok",
    "{% for x in l %}{% set n = x %}{{ n }}{% endfor %}{{ n }}",
    "{% set q = 0 %}{% for x in l %}{{ q }}{% set q = q + x %}{{ q }} {% endfor %}{{ q }}",
    "{% for x in l %}{% if loop.first %}{% set q = 'f' %}{% endif %}{{ q }};{% endfor %}{{ q }}",
    "{% for x in l %}{{ q }}{% set q = x %};{% endfor %}",
    "{% for x in l %}{{ s }}{% set s = x %}{{ s }};{% endfor %}{{ s }}",
    "{% for x in l %}{{ s }}{% endfor %}{% set s = 'late' %}{{ s }}",
    "{{ s }}{% for x in l %}{{ s }}{% endfor %}{% set s = 'late' %}{{ s }}",
    "{% macro m() %}[{{ s }}]{% endmacro %}{{ m() }}{% set s = 'late' %}{{ m() }}",
    "{% if true %}{% set s = 'in if' %}{% endif %}{{ s }}",
    "{% if false %}{% set s = 'in if' %}{% endif %}{{ s }}",
    "{% if false %}{% set qq = 'in if' %}{% endif %}{{ qq is defined }}",
    "{% for x in [1] %}{% if false %}{% set s = 1 %}{% endif %}{{ s }}{% endfor %}",
    "{% for x in [1] %}{% for y in [1] %}{{ s }}{% endfor %}{% set s = 1 %}{% endfor %}",
    "{% if true %}{% for y in [1] %}{{ s }}{% endfor %}{% set s = 1 %}{% endif %}{{ s }}",
    "{% for s in l %}{{ s }}{% endfor %}{{ s }}",
    "{% for x in l recursive %}{{ x }}{% endfor %}",
    "{% for x in [{'n': 1, 'c': [{'n': 2, 'c': [{'n': 3}]}]}] recursive %}{{ x.n }}@{{ loop.depth }}[{{ loop(x.c) if x.c }}]{% endfor %}",
    "{% for x in l %}{{ loop(l) }}{% endfor %}",
    "{% for loop in l %}{% endfor %}",
    "{% for x in l %}{% set loop = 1 %}{% endfor %}",
    "{% set loop = 1 %}{{ loop }}",
    "{% for x in l %}{% set y = loop %}{% for z in 'ab' %}{{ y.index }}{{ loop.index }} {% endfor %}{% endfor %}",
    "{% for x in l, %}{{ x }}{% endfor %}",
    "{% for x in 1, 2 %}{{ x }}{% endfor %}",
    "{% for x in l if true else [] %}{% endfor %}",
    "{% for x in (l if yes else []) %}{{ x }}{% endfor %}",
    "{% for x in l or [] %}{{ x }}{% endfor %}",
    "{% for in l %}{% endfor %}",
    "{% for x l %}{% endfor %}",
    "{% for 5 in l %}{% endfor %}",
    "{% for x.y in l %}{% endfor %}",
    "{% for x in l %}{% endfor",
    "{% for x in l | map('string') %}{{ x }}{{ loop.length }}{{ loop.revindex }} {% endfor %}",
    "{% for x in l | select('odd') %}{{ x }}{{ loop.last }} {% endfor %}",
    "{% set g = l | map('string') %}{{ g | join }}|{{ g | join }}",
    "{% set g = l | select %}{{ g | first }}{{ g | list }}",
    "{% set g = d | items %}{% for k, v in g %}{{ k }}{% endfor %}|{% for k, v in g %}{{ k }}{% endfor %}",
    "{% set g = d.items() %}{% for k, v in g %}{{ k }}{% endfor %}|{% for k, v in g %}{{ k }}{% endfor %}",
    "{% set r = l | reverse %}{{ r | list }}{{ r | list }}",
    "{% for x in l | map('nosuch') %}{% endfor %}",
    "{% if false %}{{ s | nosuch }}{% endif %}ok",
    "{% if false %}{% for x in l %}{{ s | nosuch }}{% endfor %}{% endif %}ok",
    "{% if false %}{% for x in l | nosuch %}{% endfor %}{% endif %}ok",
    "{% if s is nosuch %}{% endif %}ok",
    "{% if true or s is nosuch %}ok{% endif %}",
    "{% set x = s | nosuch %}",
    "{% macro m() %}{{ s | nosuch }}{% endmacro %}ok",
    "{% macro m() %}{% if true %}{{ s | nosuch }}{% endif %}{% endmacro %}ok",
    "{% if true %}{% else %}{% filter nosuch %}x{% endfilter %}{% endif %}ok",
    "{% set x = 1 %}{{ x }}",
    "{% set x = 1, 2 %}{{ x }}",
    "{% set x, y = 1, 2 %}{{ x }}{{ y }}",
    "{% set x, y = [1, 2] %}{{ y }}{{ x }}",
    "{% set (x, y) = 'ab' %}{{ y }}{{ x }}",
    "{% set x, y = 1 %}",
    "{% set x, y = [1, 2, 3] %}",
    "{% set x = y = 1 %}",
    "{% set x += 1 %}",
    "{% set 5 = 1 %}",
    "{% set true = 1 %}",
    "{% set 'a' = 1 %}",
    "{% set x[0] = 1 %}",
    "{% set d.a = 1 %}{{ d.a }}",
    "{% set nosuch.a = 1 %}",
    "{% set x %}",
    "{% set x = %}",
    "{% set = 1 %}",
    "{% set x = 1 if false %}[{{ x }}]",
    "{% set x = 1 if false else 2 %}[{{ x }}]",
    "{% set x %}a {{ s }} b{% endset %}[{{ x }}]{{ x | length }}",
    "{% set x | upper | trim %} a {{ s }} {% endset %}[{{ x }}]",
    "{% set x | replace('a', 'b') %}banana{% endset %}{{ x }}",
    "{% set x %}{% set y = 1 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}",
    "{% set ns = namespace(a=1) %}{% set ns.a %}block{% endset %}{{ ns.a }}",
    "{% set ns = namespace(a=1) %}{% for x in l %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}",
    "{% set ns = namespace() %}{% set ns.x, ns.y = 1, 2 %}{{ ns.x }}{{ ns.y }}",
    "{% set ns = namespace() %}{% set ns.x, y = 1, 2 %}{{ ns.x }}{{ y }}",
    "{% set ns = namespace() %}{% set ns._x = 1 %}",
    "{% set ns = namespace(l=[]) %}{% for x in 'abc' %}{% set ns.l = ns.l + [x] %}{% endfor %}{{ ns.l }}{{ ns }}",
    "{% set ns = namespace(d={}) %}{% set ns.d = dict(ns.d, x=1) %}{{ ns.d }}",
    "{% set ns = namespace(f=false) %}{% macro m(n) %}{% set n.f = true %}{% endmacro %}{{ m(ns) }}{{ ns.f }}",
    "{% set ns = namespace %}{{ ns(a=2).a }}",
    "{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, c='y') }}{{ m(b=5, a=4) }}{{ m() }}",
    "{% macro m(a, b=a ~ '!') %}{{ b }}{% endmacro %}{{ m('q') }}{{ m(b=1) }}",
    "{% macro m(a=s) %}{{ a }}{% set s = 1 %}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{{ a is defined }}{{ a }}{% endmacro %}{{ m() }}{{ m(nosuch) }}",
    "{% macro m(a) %}{{ a.x }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro m(a, b=1, c) %}{% endmacro %}",
    "{% macro m(a, a) %}{% endmacro %}",
    "{% macro m %}{% endmacro %}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}{{ m() }}",
    "{% macro m(a) %}{{ a }}{{ varargs | join('-') }}{% endmacro %}{{ m(1, 2, 3) }}",
    "{% macro m() %}{{ m2() }}{% endmacro %}{% macro m2() %}two{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ m2() }}{% endmacro %}{{ m() }}{% macro m2() %}two{% endmacro %}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "{% macro m() %} x {% endmacro %}[{{ m() }}]{{ m() | trim }}{{ m() ~ m() }}{{ m() is string }}",
    "{% macro m() %}{% set q = 1 %}{% endmacro %}{{ m() }}{{ q is defined }}",
    "{% set q = 1 %}{% macro m() %}{{ q }}{% set q = 2 %}{{ q }}{% endmacro %}{{ m() }}{{ q }}",
    "{% set q = 1 %}{% macro m() %}{{ q }}{% endmacro %}{% set q = 2 %}{{ m() }}",
    "{% for x in l %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}{{ m is defined }}",
    "{% if true %}{% macro m() %}in{% endmacro %}{% endif %}{{ m() }}",
    "{{ m() }}{% macro m() %}x{% endmacro %}",
    "{% macro m() %}x{% endmacro %}{{ m is callable }}{{ m.name }}{{ m.arguments }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}body {{ s }}{% endcall %}",
    "{% macro m(x) %}[{{ caller(x, 2) }}]{% endmacro %}{% call(a, b=0) m(1) %}{{ a }}{{ b }}{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}x{% endmacro %}{% call m() %}{% endcall %}",
    "{% call s.upper() %}{% endcall %}",
    "{% call s %}{% endcall %}",
    "{% call nosuch() %}{% endcall %}",
    "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{% for x in l %}{% call m() %}{{ x }}{{ loop.index }}{% endcall %}{% endfor %}",
    "{% macro m() %}{{ caller() | upper }}{% endmacro %}{% set q = 1 %}{% call m() %}a{% set q = 2 %}{{ q }}{% endcall %}{{ q }}",
    "{% filter upper %}a {{ s }}{% endfilter %}",
    "{% filter upper | replace('A', 'b') %}a{% endfilter %}",
    "{% filter indent(2, true) %}a\nb{% endfilter %}",
    "{% filter %}a{% endfilter %}",
    "{% filter upper %}{% set q = 1 %}{% endfilter %}{{ q is defined }}",
    "{% filter tojson %}a\"{% endfilter %}",
    "{% filter length %}abc{% endfilter %}",
    "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}",
    "{% with a = 1, b = s %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
    "{% with s = 1, b = s %}{{ s }}{{ b }}{% endwith %}{{ s }}",
    "{% with a, b = [1, 2] %}{{ a }}{{ b }}{% endwith %}",
    "{% with (a, b) = [1, 2] %}{{ a }}{{ b }}{% endwith %}",
    "{% generation %}a {{ s }}{% set q = 1 %}{{ q }}{% endgeneration %}{{ q is defined }}",
    "a\n  {% generation %}  \n  b\n  {% endgeneration %}  \nc",
    "a\n  {%- generation -%}  \n  b\n  {%- endgeneration -%}  \nc",
    "{% for x in l %}{% generation %}{{ loop.index }}{{ x }}{% endgeneration %}{% endfor %}",
    "{% generation %}x",
    "{% print s %}{% print 1, 2 %}{% print %}",
    "{% raw %}{{ s }} {% if %}{% endraw %}",
    "a\n {% raw %}\n {{ s }} \n {% endraw %}\n b",
    "a\n {%- raw -%}\n {{ s }} \n {%- endraw -%}\n b",
    "a\n {%+ raw %}\n {{ s }} \n {%+ endraw +%}\n b",
    "{% raw %}x",
    "{% raw %}{% endraw x %}{% endraw %}",
    "{% rawx %}",
    "{{ '{% raw %}' }}",
    "{% include 'x' %}",
    "{% extends 'x' %}",
    "{% import 'x' as y %}",
    "{% do l %}",
    "{{ s }}\n",
    "{{ s }}\n\n",
    "{{ s }}\r\n",
    "\n{{ s }}",
    "a\r\nb\rc\n{{ s }}\r",
    "",
    "\n",
    "\n\n",
    "plain } %} }} #} { % text",
    "{ { s } }",
    "{{{'a': 1}}}",
    "{{ {'a': {'b': 1}} }}",
    "{{ {'a': {'b': 1}}}}",
    "{{'{{'}}",
    "{{ '%}' }}{% set x = '}}' %}{{ x }}{% set y = '%}' %}{{ y }}",
    "{{- s -}}",
    "{{+ s }}",
    "{{ s +}}",
    "a {{- s -}} b",
    "a {{ s -}} \n\n b",
    "a \n {{- s }} b",
    "  {{ s }}\n  {{ s }}\n",
    "  {% if s %}\n  x\n  {% endif %}\n  y",
    "  {%+ if s %}\n  x\n  {%+ endif %}\n  y",
    "  {% if s +%}\n  x\n  {% endif +%}\n  y",
    "  {%- if s -%}\n  x\n  {%- endif -%}\n  y",
    "x {% if s %} y {% endif %} z",
    "x\n\t {% if s %}\t\ny {% endif %}\n\n z",
    "x\n\t {# c #}\t\ny {# c #}\n\n z",
    "x\n\t {#- c -#}\t\ny {# c +#}\n\n z",
    "x\n \u00a0{% if s %}\u00a0{% endif %}\u00a0\n",
    "{% if s %}  \n  {% endif %}  \n  {% if s %}  \n{% endif %}",
    "{% if s %}{% endif %}\n{% if s %}\n{% endif %}\n{{ s }}\n{% if s %}{% endif %}",
    "a\n{%- if s %}\n b\n{%- endif %}\n c",
    "a\n{% if s -%}\n b\n{% endif -%}\n c",
    "{% set x = 1 %}   {% set y = 2 %}   \n{{ x }}",
    "{% for x in l %}\n  {{ x }}\n{% endfor %}\nend",
    "{%- for x in l %}\n  {{- x }}\n{%- endfor %}\nend",
    "{% for x in l -%}\n  {{ x }}\n{%- endfor -%}\nend",
    "{%-for x in l-%}{{-x-}}{%-endfor-%}",
    "{%if s%}x{%endif%}{{s}}",
    "{{ s|upper|lower }}{{s|replace('l','')|length}}",
    "{{ 1 -}} {{- 2 }}",
    "{{ 1 - -1 }}{{ 1-1 }}{{ 1 -1}}{{ -1 -}}",
    "{{ s\n  ~\n  s }}",
    "{% set x = [\n  1,\n  2,\n] %}{{ x }}",
    "{{ s }}{{ nosuch.x }}",
    "{{ s if s else nosuch.x.y }}",
    "{{ 'x' if not nosuch.x is defined }}",
    "{{ nosuch.x is defined }}",
    "{{ people[0].nosuch is defined }}{{ people[0].nosuch.x is defined }}",
    "{{ (people | first).name }}{{ (people | last)['age'] }}",
    "{% set tool_calls = people[0].tags or [] %}{% for t in tool_calls %}{{ t }}{% endfor %}",
    "{% set x = namespace(a=namespace(b=1)) %}{{ x.a.b }}",
    "{% if 'a' in d and d.a is string and d['a'] | length > 1 %}yes{% endif %}",
    "{% if d.nosuch %}x{% elif d.nosuch is none %}y{% else %}z{% endif %}",
    "{% for p in people %}{% if not loop.first %}, {% endif %}{{ p.name }}{% if p.tags %} ({{ p.tags | join('/') }}){% endif %}{% endfor %}",
    "{% for g in people | groupby_nosuch('age') %}{% endfor %}",
    "{% set x = s %}{% set s = x ~ x %}{{ s }}{{ x }}",
    "{% set l2 = [] %}{% for x in l %}{% set _ = l2.append(x) %}{% endfor %}{{ l2 }}",
    "{% macro m() -%}\n  a\n  {%- endmacro -%}\n  {{ m() }}",
    "{%- macro m(x) %}\n  {{- x }}\n{%- endmacro %}\n{{- m('q') }}\n{{ m('r') }}",
    "{% if s %}é{% endif %}\n日本{# ü #}\n",
    "{{ 'é' }}{{ \"日本\" ~ '😀' }}",
    "{% set é = 1 %}{{ é }}",
    "{% autoescape true %}{{ html }}{% endautoescape %}" if False else "{{ html }}",
    "{{ raise_exception('stop here: ' + s) }}",
    "{% if nosuch is not defined %}{{ raise_exception('need nosuch') }}{% endif %}",
    "{% macro check(x) %}{% if not x %}{{ raise_exception('bad ' ~ x) }}{% endif %}{% endmacro %}{{ check(1) }}{{ check(0) }}",
    "{% set x = raise_exception %}{{ x('indirect') }}",
    "{% for x in range(3) %}{% for y in range(x) %}{{ loop.index }}{{ loop.length }}{% else %}-{% endfor %}{% endfor %}",
    "{% set a = 'x' %}{% for i in [1] %}{% set a = 'y' %}{% for j in [1] %}{{ a }}{% set a = 'z' %}{{ a }}{% endfor %}{{ a }}{% endfor %}{{ a }}",
    "{% for i in [1, 2] %}{% for j in [1, 2] %}{% if j == 1 %}{% set hit = i %}{% endif %}{{ hit }}{% endfor %}{{ hit }};{% endfor %}",
    "{% for m in people %}{% set ns = namespace(x=0) %}{% for t in m.tags %}{% set ns.x = ns.x + 1 %}{% endfor %}{{ ns.x }}{% endfor %}",
    "{{ people | map(attribute='tags') | map('length') | list }}",
    "{{ people | selectattr('tags') | map(attribute='name') | join(', ') }}",
    "{{ people | map(attribute='name') | map('lower') | sort | join(',') }}",
    "{% set first, *rest = l %}",
    "{{ [*l] }}",
    "{{ {**d} }}",
    "{{ f'{s}' }}",
    "{{ u'x' }}",
    "{{ 1 if }}",
    "{{ not }}",
    "{{ s is }}",
    "{{ s | }}",
    "{{ s.upper( }}",
    "{{ s.split(sep=',' 1) }}",
    "{{ s.split(sep=',', 1) }}",
    "{{ dict(a=1, a=2) }}",
    "{{ dict(**d, **d) }}",
    "{{ (1, 2)) }}",
    "{{ [1, 2) }}",
]


def expressions():
    lines, pending = [], ""
    for line in EXPRESSIONS.split("\n"):
        pending += line
        # two of them go over two lines
        if line in ("'\\", "'multi"):
            pending += "\n"
            continue
        lines.append(pending)
        pending = ""
    return lines


WORDS = ["a", " ", "  ", "\n", "\n\n", " \n", "\n  ", "\t", "x y", "\n\t z \n", "é", "}", "{", "%", "-"]


class Whitespace:
    """Random templates of tags with all kinds of whitespace control."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        return "".join(self.random.choice(WORDS[:12]) for _ in range(self.random.randint(0, 4)))

    def tag(self, inner):
        begin = self.random.choice(["{% ", "{%- ", "{%+ ", "{%-", "{%"])
        end = self.random.choice([" %}", " -%}", " +%}", "-%}", "%}"])
        return begin + inner + end

    def printed(self):
        return self.random.choice(["{{ ", "{{- "]) + self.random.choice(["n", "e", "' '", "'\\n'", "t"]) + self.random.choice([" }}", " -}}"])

    def comment(self):
        return self.random.choice(["{#", "{#-", "{#+"]) + self.random.choice([" c ", "\n", "", " {{ "]) + self.random.choice(["#}", "-#}", "+#}"])

    def body(self, depth):
        parts = []
        for _ in range(self.random.randint(1, 4)):
            parts.append(self.text())
            parts.append(self.node(depth))
        parts.append(self.text())
        return "".join(parts)

    def node(self, depth):
        kind = self.random.randint(0, 9 if depth else 3)
        if kind <= 1:
            return self.printed()
        if kind == 2:
            return self.comment()
        if kind == 3:
            return self.tag("set q = 1")
        if kind <= 5:
            return self.tag(self.random.choice(["if yes", "if no"])) + self.body(depth - 1) + self.random.choice(["", self.tag("else") + self.body(depth - 1)]) + self.tag("endif")
        if kind <= 7:
            return self.tag("for x in [1, 2]") + self.body(depth - 1) + self.tag("endfor")
        if kind == 8:
            return self.tag("raw") + self.text() + self.tag("endraw")
        return self.tag("generation") + self.body(depth - 1) + self.tag("endgeneration")


class Expressions:
    """Random expressions; many fail, and must fail in both."""

    ATOMS = [
        "s", "t", "u", "e", "n", "z", "f", "yes", "no", "nil", "l", "words", "mixed", "d", "people", "nosuch", "1", "2", "0", "-1", "3",
        "'a'", "'l'", "''", "', '", "1.5", "true", "none", "[]", "{}", "[1, 'a']", "(1, 2)", "{'a': 1}", "range(4)", "'%s'", "'1,2,3'",
    ]
    FILTERS = [
        "length", "upper", "lower", "trim", "first", "last", "list", "string", "tojson", "join", "join('-')", "int", "float", "sort",
        "reverse | list", "default('q')", "default('q', true)", "unique | list", "sum", "max", "min", "abs", "round", "capitalize",
        "title", "replace('l', 'L')", "map('string') | list", "select | list", "items | list", "indent", "tojson(indent=1)", "dictsort",
        "map('upper') | join(',')", "selectattr('a') | list", "rejectattr('on') | list", "map(attribute='name') | join",
    ]
    TESTS = ["defined", "none", "string", "mapping", "iterable", "sequence", "number", "odd", "even", "true", "in l", "in s", "eq 1", "boolean"]
    OPERATORS = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
    METHODS = [
        "strip()", "upper()", "split()", "split(',')", "startswith('H')", "endswith('d')", "get('a')", "items()", "keys()", "find('l')",
        "replace('l', '')", "count('l')", "values() | list", "lstrip('H')", "title()", "join(words)", "index(1)", "splitlines()",
    ]
    VARIABLE = r"(?<!')\b(s|t|u|e|n|z|f|yes|no|nil|l|words|mixed|d|people|nosuch)\b(?!')"
    ATTRIBUTES = ["a", "b", "name", "items", "x", "0", "upper"]

    def __init__(self, seed):
        self.random = random.Random(seed)

    def make(self, depth):
        if depth == 0:
            return self.random.choice(self.ATOMS)
        kind = self.random.randint(0, 11)
        inner = self.make(depth - 1)
        if kind <= 2:
            return f"{inner} {self.random.choice(self.OPERATORS)} {self.make(depth - 1)}"
        if kind <= 4:
            return f"({inner}) | {self.random.choice(self.FILTERS)}"
        if kind == 5:
            return f"({inner}) is {self.random.choice(['', 'not '])}{self.random.choice(self.TESTS)}"
        if kind == 6:
            return f"({inner}).{self.random.choice(self.METHODS)}"
        if kind == 7:
            return f"({inner}).{self.random.choice(self.ATTRIBUTES)}"
        if kind == 8:
            if depth > 1 or not re.search(self.VARIABLE, inner):
                # jinja2 folds constants, and a slice of one does not fail where it otherwise would
                return f"({inner})[{self.random.choice(['0', '-1', 'n', '5'])}]"
            return f"({inner})[{self.random.choice(['0', '-1', '1:', '::-1', chr(39) + 'a' + chr(39), ':2', '5', 'n', '::2', '-2:'])}]"
        if kind == 9:
            return f"{inner} if {self.make(depth - 1)} else {self.make(depth - 1)}"
        if kind == 10:
            return f"not {inner}"
        return f"[{inner}, {self.make(depth - 1)}]"


def small():
    yield from ("{{ " + e + " }}" for e in expressions())
    yield from STATEMENTS


def random_whitespace(seed, size):
    whitespace = Whitespace(seed)
    yield from (whitespace.body(2) for _ in range(size))


def random_expressions(seed, size):
    expressions = Expressions(seed)
    for i in range(size):
        expression = expressions.make(1 + i % 3)
        # the text of a generator, function or method has an address in it
        yield "{{ (" + expression + ") | default('-') | string | replace('0x', '') if (" + expression + ") is not callable else 'callable' }}"
