// Pickles that hide calls, lie about lengths, or unfold without end.
import { call, dict, global, integer, pickle, tensorText, text, tuple, uint } from './build.js';

/** A kind of pickle and what it is refused with. */
export type HostilePickle = readonly [kind: string, body: string, sentence: RegExp];

const short = (value: string) => `\x8c${uint(value.length, 1)}${value}`;
const stackGlobal = (module: string, name: string) => `${short(module)}${short(name)}\x93`;
const system = global('os', 'system');
const forbidden = /expected tensors and plain data, found 'os\.system' \(byte \d+ of data\.pkl\)/;
const orderedDict = global('collections', 'OrderedDict');

/** Ways to bring `os.system` to a call, and to hide that. */
const calls = (canary: string): HostilePickle[] => {
  const command = text(`touch ${canary}`);
  const args = tuple(command);
  return [
    ['GLOBAL and REDUCE', pickle(`${system}${args}R`), forbidden],
    ['GLOBAL without a call', pickle(system), forbidden],
    ['INST', pickle(`(${command}ios\nsystem\n`), forbidden],
    ['OBJ', pickle(`(${system}${command}o`), forbidden],
    ['NEWOBJ', pickle(`${system}${args}\x81`), forbidden],
    ['NEWOBJ_EX', pickle(`${system}${args}}\x92`), forbidden],
    ['STACK_GLOBAL', pickle(`${stackGlobal('os', 'system')}${args}R`), forbidden],
    ['STACK_GLOBAL in a frame', `\x80\x04\x95${uint(20, 8)}${stackGlobal('os', 'system')}${args}R.`, forbidden],
    [
      'STACK_GLOBAL of names from the memo',
      pickle(`${text('os')}q\0${text('system')}q\x0100h\0h\x01\x93${args}R`),
      forbidden,
    ],
    ['STACK_GLOBAL of Python 2 strings', pickle(`U\x02osU\x06system\x93${args}R`), forbidden],
    ['protocol 0', `cos\nsystem\n(V touch ${canary}\ntR.`, forbidden],
    ['protocol 1', `${system}(X\x01\0\0\0xtR.`, forbidden],
    ['protocol 5', `\x80\x05${system}${args}R.`, forbidden],
    ['a call that POP hides', pickle(`${system}${args}R0${dict({ w: tensorText() })}`), forbidden],
    ['a call that POP_MARK hides', pickle(`(${system}${args}R1${dict({ w: tensorText() })}`), forbidden],
    ['a call before the tensors', pickle(`(${system}${args}R${dict({ w: tensorText() })}t`), forbidden],
    ['a call as a key', pickle(`}${system}${args}RNs`), forbidden],
    ['a call as a state', pickle(`${orderedDict})R${system}${args}Rb`), forbidden],
    ['a call as a storage type', pickle(tensorText({ type: system })), forbidden],
    ['a call as a persistent id', pickle(`${system}${args}RQ`), forbidden],
    ['a call as a size', pickle(tensorText({ size: `${system}${args}R` })), forbidden],
    ['a global that the memo keeps', pickle(`${system}q\x000h\0${args}R`), forbidden],
    ['a global as a default', pickle(call('collections', 'defaultdict', system)), forbidden],
    ['a global in a Counter', pickle(call('collections', 'Counter', dict({ a: system }))), forbidden],
    ['a global in a Namespace', pickle(`${global('argparse', 'Namespace')})\x81${dict({ a: system })}b`), forbidden],
    ['a global in a numpy scalar', pickle(call('numpy.core.multiarray', 'scalar', system)), forbidden],
    ['a global in a tensor with attributes', pickle(call('torch._tensor', '_rebuild_from_type_v2', system)), forbidden],
    [
      'a global behind a parameter',
      pickle(call('torch._utils', '_rebuild_parameter', tensorText(), '\x88', system)),
      forbidden,
    ],
    ['a global in a list of 1000', pickle(`](${'N'.repeat(1000)}${system}e`), forbidden],
    ['a global after 100,000 steps', pickle(`${'N0'.repeat(50_000)}${system}`), forbidden],
    ['a second pickle', pickle('N') + pickle(`${system}${args}R`), /its pickle is followed by \d+ bytes/],
  ];
};

const unknown = (name: string) => new RegExp(`found '${name}'`);

const names: HostilePickle[] = [
  [
    'a name with dots',
    pickle(stackGlobal('collections', 'OrderedDict.fromkeys')),
    unknown('collections\\.OrderedDict\\.fromkeys'),
  ],
  [
    'dots that lead out',
    pickle(stackGlobal('torch', 'serialization.os.system')),
    unknown('torch\\.serialization\\.os\\.system'),
  ],
  ['dots that lead to globals', pickle(stackGlobal('torch._utils', '_rebuild_tensor_v2.__globals__')), /__globals__'/],
  ['dots in the module', pickle(global('torch._utils.os', 'system')), unknown('torch\\._utils\\.os\\.system')],
  ['another case', pickle(global('OS', 'System')), unknown('OS\\.System')],
  [
    'another case of an allowed name',
    pickle(global('Collections', 'ordereddict')),
    unknown('Collections\\.ordereddict'),
  ],
  [
    'a space behind an allowed name',
    pickle(global('collections', 'OrderedDict ')),
    unknown('collections\\.OrderedDict '),
  ],
  ['an allowed name in another module', pickle(global('os', 'OrderedDict')), unknown('os\\.OrderedDict')],
  ['a letter that looks like another', pickle(stackGlobal('c\xd0\xbellections', 'OrderedDict')), /c\\u043ellections/],
  ['an empty name', pickle(global('', '')), unknown('\\.')],
  ['a line end in a name', pickle(stackGlobal('collections\nOrderedDict', '')), /collections\\u000aOrderedDict/],
  ['escapes of a terminal in a name', pickle(stackGlobal('\x1b[2J', 'x\rerror: all is well')), /\\u001b\[2J\.x\\u000d/],
  ['a name of 10,000 letters', pickle(global('a'.repeat(10_000), 'b')), /found 'a{100}…'/],
  ['a name of 100,000 letters', pickle(global('a'.repeat(100_000), 'b')), /the line at byte 3 has no end/],
  ['a name that every object has', pickle(global('constructor', 'prototype')), unknown('constructor\\.prototype')],
  ['__proto__ as a module', pickle(global('__proto__', 'toString')), unknown('__proto__\\.toString')],
  ['STACK_GLOBAL of numbers', pickle('K\x01K\x02\x93'), /names a global by 1 and 2/],
  [
    'STACK_GLOBAL of globals',
    pickle(`${orderedDict}${orderedDict}\x93`),
    /names a global by 'collections\.OrderedDict'/,
  ],
  ['EXT1', pickle('\x82\x01'), /uses an extension code/],
  ['EXT2', pickle('\x83\x01\0'), /uses an extension code/],
  ['EXT4', pickle('\x84\x01\0\0\0'), /uses an extension code/],
  ['NEXT_BUFFER', pickle('\x97'), /uses a buffer outside itself/],
  ['READONLY_BUFFER', pickle(']\x98'), /uses a buffer outside itself/],
  ['PERSID', pickle('Pos.system\n'), /the text 'os\.system' stands where a storage is described/],
  ['BINPERSID of a text', pickle(`${text('x')}Q`), /stands where a storage is described/],
  [
    'BINPERSID of a module',
    pickle(`${tuple(text('module'), orderedDict, text('a.py'), text('import os'))}Q`),
    /a tuple stands where a storage/,
  ],
];

/** Calls of what is allowed, with what it does not take. */
const wrongCalls: HostilePickle[] = [
  ['a call of a number', pickle('K\x01)R'), /it would call 1/],
  ['a call of a text', pickle(`${text('os.system')})R`), /it would call the text 'os\.system'/],
  ['a call of a tensor', pickle(`${tensorText()})R`), /it would call a tensor/],
  ['a call of a type', pickle(`${global('torch', 'float32')})R`), /it would call 'torch\.float32'/],
  ['a call of a storage type', pickle(`${global('torch', 'FloatStorage')})R`), /it would call 'torch\.FloatStorage'/],
  ['a call of a class that is only named', pickle(`${global('builtins', 'dict')})R`), /it would call 'builtins\.dict'/],
  [
    'a new object of a function',
    pickle(`${global('torch._utils', '_rebuild_tensor_v2')})\x81`),
    /it would call 'torch\._utils/,
  ],
  ['a call with a list', pickle(`${orderedDict}]R`), /it gives a list for arguments/],
  ['named arguments', pickle(`${orderedDict})${dict({ a: 'N' })}\x92`), /calls with named arguments/],
  ['OBJ of nothing', pickle('(o'), /it calls nothing/],
  ['attributes of a tensor', pickle(`${tensorText()}${dict({ a: 'N' })}b`), /gives attributes to a tensor/],
  ['attributes of a list', pickle(`]${dict({ a: 'N' })}b`), /gives attributes to a list/],
  ['attributes of a dictionary', pickle(`}${dict({ a: 'N' })}b`), /gives attributes to a dictionary/],
  [
    'attributes of a class',
    pickle(`${orderedDict}${dict({ a: 'N' })}b`),
    /gives attributes to 'collections\.OrderedDict'/,
  ],
  ['attributes that are none', pickle(`${orderedDict})RK\x01b`), /1 stands for attributes/],
  [
    'an OrderedDict of numbers',
    pickle(call('collections', 'OrderedDict', 'K\x01')),
    /1 stands where a list was expected/,
  ],
  [
    'an OrderedDict of triples',
    pickle(call('collections', 'OrderedDict', tuple(tuple('N', 'N', 'N')))),
    /not made of keys and values/,
  ],
  ['a Counter of a list', pickle(call('collections', 'Counter', ']')), /a Counter is made of a list/],
  [
    'a defaultdict of a function',
    pickle(call('collections', 'defaultdict', global('_codecs', 'encode'))),
    /a defaultdict is made with '_codecs\.encode'/,
  ],
  ['a set of lists', pickle(call('builtins', 'set', tuple(']'))), /a set holds a list/],
  [
    'bytes in another encoding',
    pickle(call('_codecs', 'encode', text('x'), text('rot13'))),
    /bytes are written in an unknown way/,
  ],
  [
    'bytes of letters past 255',
    pickle(call('_codecs', 'encode', text('€'), text('latin1'))),
    /bytes are written in an unknown way/,
  ],
  ['a device of a number', pickle(call('torch', 'device', 'K\x01')), /a device is malformed/],
  [
    'a NumPy type of objects',
    pickle(call('numpy', 'dtype', text('O8'), '\x89', '\x88')),
    /a NumPy type is the text 'O8'/,
  ],
  [
    'a NumPy number of too few bytes',
    pickle(call('numpy.core.multiarray', 'scalar', call('numpy', 'dtype', text('f8')), 'C\x01x')),
    /a NumPy number is malformed/,
  ],
  [
    'a big-endian NumPy type',
    pickle(`${call('numpy', 'dtype', text('f8'))}${tuple('K\x03', text('>'))}b`),
    /has the byte order the text '>'/,
  ],
  ['an append to a tuple', pickle(')Na'), /it appends to a tuple/],
  ['an append to a dictionary', pickle('}(Ne'), /it appends to a dictionary/],
  ['an item of a list', pickle(']NNs'), /it sets an item of a list/],
  ['a key without a value', pickle('}(Nu'), /a key has no value/],
  ['a list as a key', pickle('}]Ns'), /a list stands for a key/],
  ['a set of a dictionary', pickle('\x8f(}\x90'), /a dictionary stands for a key/],
  ['an element of a list', pickle('](N\x90'), /it adds an element to a list/],
  ['a class in the result', pickle(`](${orderedDict}e`), /it holds 'collections\.OrderedDict' itself/],
  ['two keys that read the same', pickle(`}(K\x01N${text('1')}Nu`), /two keys that read '1'/],
  [
    'two tensors of one name',
    pickle(dict({ 'a.b': tensorText(), a: dict({ b: tensorText() }) })),
    /two tensors named 'a\.b'/,
  ],
];

const ended = /it declares \d+ bytes at byte \d+, \d+ are left/;
const malformed: HostilePickle[] = [
  ['a pickle of nothing', '', ended],
  ['no end', '\x80\x02N', ended],
  ['an end without a value', '\x80\x02.', /its stack is empty|ends with 0 values/],
  ['an end with two values', pickle('NN'), /ends with 2 values/],
  ['an end inside a mark', pickle('(N'), /ends with 1 values/],
  ['protocol 6', '\x80\x06N.', /it is of protocol 6/],
  ['protocol 255', '\x80\xffN.', /it is of protocol 255/],
  ['an unknown operation', pickle('\xff'), /unknown operation 0xff/],
  ['the code 0', pickle('\0'), /unknown operation 0x0/],
  ['HTML', '<html>not found</html>', /unknown operation 0x3c/],
  ['a pop of nothing', pickle('0'), /its stack is empty/],
  ['a pop below a mark', pickle('N(00'), /its stack is empty|ends with/],
  ['a tuple of too few', pickle('N\x86'), /its stack is empty/],
  ['a tuple that reaches below a mark', pickle('NN(N\x87'), /its stack is empty/],
  ['no mark', pickle('Nt'), /it has no mark to go back to/],
  ['a memo that was never set', pickle('h\x07'), /memo 7 was never set/],
  ['a memo of nothing', pickle('q\0'), /its stack is empty/],
  ['a negative memo', pickle('Np-1\n'), /memo -1 cannot be/],
  ['a huge memo', pickle('Np99999999999999999999\n'), /a memo has a huge number/],
  ['a memo that is no number', pickle('Npx\n'), /an integer is malformed/],
  ['BINUNICODE longer than the file', pickle('X\xff\xff\xff\xffabc'), ended],
  ['BINUNICODE8 of 2^64-1', pickle('\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc'), ended],
  ['SHORT_BINUNICODE cut off', pickle('\x8c\x40abc'), ended],
  ['BINSTRING of a negative length', pickle('T\xff\xff\xff\xffabc'), ended],
  ['SHORT_BINSTRING cut off', pickle('U\x40abc'), ended],
  ['BINBYTES longer than the file', pickle('B\xff\xff\xff\x7fabc'), ended],
  ['BINBYTES8 of 2^63', pickle('\x8e\0\0\0\0\0\0\0\x80abc'), ended],
  ['SHORT_BINBYTES cut off', pickle('C\x40abc'), ended],
  ['BYTEARRAY8 longer than the file', pickle('\x96\0\0\0\0\x01\0\0\0abc'), ended],
  ['LONG1 cut off', pickle('\x8a\xff12'), ended],
  ['LONG4 of a negative length', pickle('\x8b\xff\xff\xff\xff12'), ended],
  ['LONG4 of a megabit', pickle(`\x8b${uint(125_000, 4)}${'\x7f'.repeat(125_000)}`), /an integer of 125000 bytes/],
  ['LONG of 10,000 digits', pickle(`L${'9'.repeat(10_000)}L\n`), /an integer is malformed or too long/],
  ['INT that is none', pickle('I1e5\n'), /an integer is malformed/],
  ['INT with a space', pickle('I 1\n'), /an integer is malformed/],
  ['FLOAT that is none', pickle('F0x10\n'), /a float is malformed/],
  ['BINFLOAT cut off', '\x80\x02G\0\0', ended],
  ['STRING without quotes', pickle('Sabc\n'), /a string is not in quotes/],
  ['STRING with an unknown escape', pickle("S'\\N{BULLET}'\n"), /a string has an unknown escape/],
  ['UNICODE past the last letter', pickle('V\\U00110000\n'), /a character that cannot be/],
  ['a line without an end', pickle('I1'), ended],
  ['text that is no UTF-8', pickle('X\x02\0\0\0\xff\xfe'), /a text is not UTF-8/],
  ['text with half a surrogate pair', pickle('X\x03\0\0\0\xed\xa0\x80'), /a text is not UTF-8/],
  ['a frame longer than the file', `\x80\x04\x95${uint(1000, 8)}N.`, /a frame of 1000 bytes/],
  ['a frame of 2^64-1', `\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.`, /a frame of 18446744073709551615 bytes/],
];

/** A list that holds ten times the one before it, and so on. */
const laughs = (levels: number) =>
  `]q\0${Array.from({ length: levels }, (_, i) => `](${`h${uint(i, 1)}`.repeat(10)}eq${uint(i + 1, 1)}`).join('')}`;
const keep = (levels: number) => `(${laughs(levels)}t`;

const bombs: HostilePickle[] = [
  ['lists a million deep', pickle(']'.repeat(500_000) + 'a'.repeat(499_999)), /nests deeper than 100/],
  ['tuples a million deep', pickle(`)${'\x85'.repeat(500_000)}`), /nests deeper than 100/],
  ['dictionaries 101 deep', pickle(`${`}${text('a')}`.repeat(101)}N${'s'.repeat(101)}`), /nests deeper than 100/],
  ['101 marks', pickle('('.repeat(101)), /nests deeper than 100/],
  ['a million marks', pickle('('.repeat(1_000_000)), /nests deeper than 100/],
  ['a list in itself', pickle(']q\0h\0a'), /nests deeper than 100/],
  ['a dictionary in itself', pickle(`}q\0${text('a')}h\0s`), /nests deeper than 100/],
  ['a tuple in its own list', pickle(']q\0h\0\x85a'), /nests deeper than 100/],
  ['a billion laughs', pickle(keep(9)), /unfolds to more than 1000000 values/],
  ['10^50 laughs', pickle(keep(50)), /unfolds to more than 1000000 values|nests deeper/],
  [
    'laughs of one tensor',
    pickle(`(${tensorText()}q\0${laughs(7).slice(3)}t`),
    /two tensors|more than (100000|1000000)/,
  ],
  ['six million steps', pickle('N0'.repeat(3_000_000)), /needs more than 5000000 steps/],
  ['five million dictionaries', pickle('}'.repeat(5_000_000)), /needs more than 5000000 steps/],
  [
    'a million memos',
    pickle(`N${Array.from({ length: 1_000_002 }, (_, i) => `r${uint(i, 4)}`).join('')}`),
    /more than 1000000 memos/,
  ],
  ['two million MEMOIZEs', pickle(`N${'\x94'.repeat(2_000_000)}`), /more than 1000000 memos/],
  [
    'copies of a long list',
    pickle(`](${'N'.repeat(100_000)}eq\x000${global('torch', 'Size')}q\x010${'h\x01h\0\x85R0'.repeat(1000)}N`),
    /needs more than 5000000 steps/,
  ],
  [
    'copies of a long text',
    pickle(
      `${text('x'.repeat(1_000_000))}q\0${global('_codecs', 'encode')}q\x0100${`h\x01h\0${text('latin1')}\x86R0`.repeat(1000)}N`,
    ),
    /needs more than 5000000 steps/,
  ],
  [
    'copies of a large dictionary',
    pickle(
      `}(${Array.from({ length: 50_000 }, (_, i) => `${integer(i)}N`).join('')}uq\0${global('collections', 'Counter')}q\x0100${'h\x01h\0\x85R0'.repeat(1000)}N`,
    ),
    /needs more than 5000000 steps/,
  ],
  [
    '200,000 tensors',
    pickle(
      `${call('collections', 'OrderedDict')}0${global('torch._utils', '_rebuild_tensor')}q\x010${tuple(tensorArguments(), 'K\0', '))', 'N').slice(0, -1)}tq\x020${'h\x01h\x02R0'.repeat(200_000)}N`,
    ),
    /more than 100000 tensors/,
  ],
  ['a tensor name of 2000 letters', pickle(dict({ ['a'.repeat(2000)]: tensorText() })), /a name of 2000 characters/],
];

function tensorArguments(): string {
  return `${tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), 'K\x04')}Q`;
}

/** All kinds; `canary` is the file that a call would make. */
export const pickles = (canary: string): HostilePickle[] => [
  ...calls(canary),
  ...names,
  ...wrongCalls,
  ...malformed,
  ...bombs,
];
