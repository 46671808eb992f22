// Tensors that lie about where they are and how large.
import { call, dict, global, integer, list, pickle, storageText, tensorText, text, tuple } from './build.js';

/** A kind of pickle beside one storage of 16 bytes, and what it is refused with. */
export type HostileTensor = readonly [kind: string, body: string, sentence: RegExp];

const state = (parts: Parameters<typeof tensorText>[0]) => pickle(dict({ w: tensorText(parts) }));
const beyond = /reaches beyond its storage of 4 elements/;
const square = (rows: number, columns: number) => tuple(integer(rows), integer(columns));
const v3 = (type: string) =>
  pickle(dict({ w: call('torch._utils', '_rebuild_tensor_v3', storageText({ type: 'UntypedStorage', count: 16 }), 'K\0', tuple('K\x04'), tuple('K\x01'), '\x89', 'N', type) })); // prettier-ignore

export const tensorPickles: HostileTensor[] = [
  ['a negative stride', state({ stride: tuple(integer(-1)) }), /a size or stride is -1/],
  ['a negative size', state({ size: tuple(integer(-4)) }), /a size or stride is -4/],
  ['a negative offset', state({ offset: integer(-1) }), /begins at -1/],
  ['an offset past the end', state({ offset: integer(4) }), beyond],
  ['an offset by one', state({ offset: integer(1) }), beyond],
  ['an offset of 2^62', state({ offset: integer(2n ** 62n) }), /begins at a huge integer/],
  ['a stride by one', state({ size: tuple(integer(2)), stride: tuple(integer(4)) }), beyond],
  ['a stride of 2^52', state({ size: tuple(integer(2)), stride: tuple(integer(2n ** 52n)) }), beyond],
  ['a stride of 2^62', state({ stride: tuple(integer(2n ** 62n)) }), /a size or stride is a huge integer/],
  ['one element too many', state({ size: tuple(integer(5)) }), beyond],
  ['a size of 2^31', state({ size: tuple(integer(2 ** 31)) }), beyond],
  ['a size of 2^32', state({ size: tuple(integer(2 ** 32)) }), /is too large/],
  ['a size of 2^62', state({ size: tuple(integer(2n ** 62n)) }), /a size or stride is a huge integer/],
  ['a size of NaN', state({ size: tuple('G\x7f\xf8\0\0\0\0\0\0') }), /a size or stride is NaN/],
  ['a size of infinity', state({ size: tuple('G\x7f\xf0\0\0\0\0\0\0') }), /a size or stride is Infinity/],
  ['a size of 4.0', state({ size: tuple('G\x40\x10\0\0\0\0\0\0') }), /a size or stride is 4/],
  ['a size of True', state({ size: tuple('\x88') }), /a size or stride is true/],
  ['a size of None', state({ size: tuple('N') }), /a size or stride is None/],
  ['a size in text', state({ size: tuple(text('4')) }), /a size or stride is the text '4'/],
  ['sizes in a list', state({ size: list(integer(4)) }), /sizes or strides, found a list/],
  ['sizes that are a number', state({ size: integer(4) }), /sizes or strides, found 4/],
  [
    'a product past 2^64',
    state({ size: tuple(...Array<string>(3).fill(integer(2 ** 31))), stride: tuple('K\0', 'K\0', 'K\0') }),
    /unfold to tensors of/,
  ],
  [
    'nine dimensions',
    state({ size: tuple(...Array<string>(9).fill('K\x01')), stride: tuple(...Array<string>(9).fill('K\x01')) }),
    /expected at most 8 sizes/,
  ],
  ['more strides than sizes', state({ stride: tuple('K\x01', 'K\x01') }), /not as many strides as sizes/],
  ['no strides', state({ stride: ')' }), /not as many strides as sizes/],
  ['rows that overlap', state({ size: square(2, 2), stride: square(1, 1) }), /overlaps itself/],
  ['windows that overlap', state({ size: square(2, 3), stride: square(1, 1) }), /overlaps itself/],
  [
    'an expanded tensor of 16 GB',
    state({ size: square(2 ** 30, 4), stride: square(0, 1) }),
    /unfold to tensors of 17179869184/,
  ],
  [
    'many expanded tensors',
    pickle(list(...Array<string>(100).fill(tensorText({ size: square(500_000, 4), stride: square(0, 1) })))),
    /unfold to tensors of/,
  ],
  ['a storage shorter than it says', state({ count: 8 }), /storage '0' should have 32 bytes, found 16/],
  [
    'a storage longer than it says',
    state({ count: 2, size: tuple('K\x02') }),
    /storage '0' should have 8 bytes, found 16/,
  ],
  ['a storage of 2^50 elements', state({ count: 2 ** 50 }), /should have 4503599627370496 bytes, found 16/],
  ['a storage of 2^63 elements', state({ count: 2n ** 63n }), /has a huge integer elements/],
  ['a storage of -1 elements', state({ count: -1 }), /has -1 elements/],
  ['a storage that is not there', state({ key: '1' }), /storage '1' should have 16 bytes, found none/],
  ['a storage outside the folder', state({ key: '../data.pkl' }), /found none/],
  ['a storage of an absolute name', state({ key: '/etc/passwd' }), /found none/],
  ['a key with a line end', state({ key: '0\n1' }), /storage '0\\u000a1'/],
  ['a storage of two types', pickle(list(tensorText(), tensorText({ type: 'IntStorage' }))), /described in two ways/],
  [
    'a storage of two sizes',
    pickle(list(tensorText(), tensorText({ count: 2, size: tuple('K\x02') }))),
    /described in two ways/,
  ],
  ['a piece of a storage', state({ view: [tuple(text('v'), 'K\0', 'K\x01')] }), /a piece of storage '0' is malformed/],
  ['an id that is no storage', state({ kind: 'module' }), /a tuple stands where a storage is described/],
  ['an unknown type of storages', state({ type: 'FooStorage' }), /found 'torch\.FooStorage'/],
  ['a type for a storage type', state({ type: 'float32' }), /stands where a storage is described/],
  ['a storage without a type', state({ type: 'TypedStorage' }), /holds elements of 'torch\.TypedStorage'/],
  ['complex numbers', state({ type: 'ComplexFloatStorage' }), /holds elements of 'torch\.ComplexFloatStorage'/],
  ['quantised numbers', state({ type: 'QInt8Storage' }), /holds elements of 'torch\.QInt8Storage'/],
  ['a quantised tensor', pickle(call('torch._utils', '_rebuild_qtensor', storageText({}))), /holds a quantised tensor/],
  [
    'a sparse tensor',
    pickle(
      call(
        'torch._utils',
        '_rebuild_sparse_tensor',
        call('torch.serialization', '_get_layout', text('torch.sparse_coo')),
        'N',
      ),
    ),
    /holds a sparse tensor/,
  ],
  ['a nested tensor', pickle(call('torch._utils', '_rebuild_nested_tensor', 'N')), /holds a nested tensor/],
  [
    'a tensor without values',
    pickle(call('torch._utils', '_rebuild_meta_tensor_no_storage', 'N')),
    /holds a tensor without values/,
  ],
  ['a type that is not read', v3(global('torch', 'float8_e4m3fn')), /a tensor is of 'torch\.float8_e4m3fn'/],
  ['a type that is none', v3('K\x05'), /5 stands for a tensor's type/],
  ['a type wider than its storage', v3(global('torch', 'int64')), /reaches beyond its storage of 2 elements/],
  ['a storage that is a tensor', state({ storage: tensorText() }), /a tensor stands for a tensor's storage/],
  ['a storage that is a number', state({ storage: 'K\x01' }), /1 stands for a tensor's storage/],
  ['a tensor of nothing', pickle(call('torch._utils', '_rebuild_tensor_v2')), /nothing stands for a tensor's storage/],
  ['a negated tensor', state({ more: [dict({ neg: '\x88' })] }), /a tensor is conjugated or negated/],
  [
    'a tensor of many attributes',
    state({ more: [dict({ a: '\x89', b: '\x89', c: '\x89' })] }),
    /a tensor is conjugated or negated/,
  ],
  ['a tensor conjugated by a number', state({ more: [dict({ conj: 'K\x01' })] }), /a tensor is conjugated or negated/],
  [
    'a parameter of a number',
    pickle(call('torch._utils', '_rebuild_parameter', 'K\x01', '\x88', 'N')),
    /a parameter is made of 1/,
  ],
  [
    'a tensor made by a tensor',
    pickle(call('torch._tensor', '_rebuild_from_type_v2', tensorText(), 'N', ')', 'N')),
    /a tensor is made by a tensor/,
  ],
  [
    'a tensor made by itself',
    pickle(
      call(
        'torch._tensor',
        '_rebuild_from_type_v2',
        `${global('torch._tensor', '_rebuild_from_type_v2')}q\0`,
        'N',
        tuple('h\0', 'N', ')', 'N'),
        'N',
      ),
    ),
    /a tensor is made by/,
  ],
  ['no elements far away', state({ size: tuple('K\0'), offset: integer(2n ** 60n) }), /begins at a huge integer/],
  [
    'a huge empty tensor',
    state({ size: tuple('K\0', integer(2 ** 40)), stride: tuple('K\x01', 'K\x01') }),
    /is too large/,
  ],
];
