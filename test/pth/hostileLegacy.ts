// Files in the format of torch.save before 1.6 whose parts lie, and files of other formats.
import { call, dict, global, integer, legacy, list, pickle, tensorText, text, tuple, uint } from './build.js';
import type { HostileFile } from './hostileArchives.js';

const zeros = '\0'.repeat(16);
const object = (parts: Parameters<typeof tensorText>[0]) => pickle(dict({ w: tensorText({ view: ['N'], ...parts }) }));
const piece = (key: string, offset: number, count: number) => [tuple(text(key), integer(offset), integer(count))];
const changed = (parts: Parameters<typeof legacy>[0]) => () => legacy(parts);
const magic = /a pickle without PyTorch's magic number/;

function tar(): Buffer {
  const header = Buffer.alloc(1024);
  header.write('storages', 0);
  header.write('ustar', 257);
  return header;
}

export const legacyFiles: HostileFile[] = [
  ['legacy: a tar archive', tar, /a tar archive of PyTorch before 0\.1\.12/],
  ['legacy: another magic number', changed({ magic: pickle('K\x07') }), magic],
  ['legacy: a bare pickle', () => Buffer.from(pickle(dict({ a: 'N' })), 'latin1'), magic],
  [
    'legacy: a bare pickle that calls',
    () => Buffer.from(pickle(call('os', 'system', text('true'))), 'latin1'),
    /found 'os\.system'/,
  ],
  [
    'legacy: a call for the magic number',
    changed({ magic: pickle(call('os', 'system', text('true'))) }),
    /found 'os\.system'/,
  ],
  [
    'legacy: a call for the protocol',
    changed({ protocol: pickle(call('os', 'system', text('true'))) }),
    /found 'os\.system'/,
  ],
  [
    'legacy: a call in the machine',
    changed({ machine: pickle(dict({ little_endian: call('os', 'system') })) }),
    /found 'os\.system'/,
  ],
  [
    'legacy: a call in the object',
    changed({ object: pickle(call('os', 'system', text('true'))) }),
    /found 'os\.system'/,
  ],
  ['legacy: a call in the keys', changed({ keys: pickle(list(call('os', 'system'))) }), /found 'os\.system'/],
  [
    'legacy: allowed globals in the keys',
    changed({ keys: pickle(call('collections', 'OrderedDict')) }),
    /found 'collections\.OrderedDict'/,
  ],
  ['legacy: storages in the keys', changed({ keys: pickle(`${text('x')}Q`) }), /refers to the text 'x' outside itself/],
  [
    'legacy: a whole module',
    changed({ object: pickle(`${tuple(text('module'), global('torch.nn', 'Linear'), text('a.py'), text('x'))}Q`) }),
    /found 'torch\.nn\.Linear'/,
  ],
  ['legacy: protocol 1002', changed({ protocol: pickle('M\xea\x03') }), /its protocol is 1002/],
  [
    'legacy: a big-endian machine',
    changed({ machine: pickle(dict({ little_endian: '\x89' })) }),
    /does not say that its numbers are little-endian/,
  ],
  [
    'legacy: a machine that is a list',
    changed({ machine: pickle(']') }),
    /does not say that its numbers are little-endian/,
  ],
  ['legacy: no keys', changed({ keys: pickle('N') }), /lists no storages and describes 1/],
  ['legacy: too few keys', changed({ keys: pickle(']') }), /lists 0 storages and describes 1/],
  ['legacy: too many keys', changed({ keys: pickle(list(text('0'), text('1'))) }), /lists 2 storages and describes 1/],
  [
    'legacy: another key',
    changed({ keys: pickle(list(text('1'))) }),
    /lists the storage the text '1' and does not describe it/,
  ],
  ['legacy: a key twice', changed({ keys: pickle(list(text('0'), text('0'))) }), /lists 2 storages/],
  [
    'legacy: a key that is a number',
    changed({ keys: pickle(list('K\0')) }),
    /lists the storage 0 and does not describe it/,
  ],
  ['legacy: another count', changed({ storages: uint(5, 8) + zeros }), /storage '0' should have 4 elements, has 5/],
  ['legacy: a negative count', changed({ storages: uint(-1, 8) + zeros }), /should have 4 elements, has -1/],
  [
    'legacy: a count of 2^62',
    changed({ object: object({ count: 2 ** 52 }), storages: uint(2 ** 52, 8) + zeros }),
    /reaches beyond its end/,
  ],
  ['legacy: a storage cut off', changed({ storages: uint(4, 8) + '\0' }), /storage '0' reaches beyond its end/],
  ['legacy: no storages', changed({ storages: '' }), /ends early/],
  ['legacy: bytes behind the storages', changed({ storages: uint(4, 8) + zeros + 'more' }), /followed by 4 bytes/],
  [
    'legacy: a piece that begins past the storage',
    changed({ object: object({ view: piece('v', 4, 1) }) }),
    /a piece of storage '0' is malformed/,
  ],
  [
    'legacy: a piece that ends past the storage',
    changed({ object: object({ view: piece('v', 1, 4) }) }),
    /a piece of storage '0' is malformed/,
  ],
  [
    'legacy: a piece of a negative offset',
    changed({ object: object({ view: piece('v', -1, 4) }) }),
    /a piece of storage '0' is malformed/,
  ],
  [
    'legacy: a tensor past its piece',
    changed({ object: object({ view: piece('v', 0, 2) }) }),
    /reaches beyond its storage of 2 elements/,
  ],
  [
    'legacy: a tensor past its storage',
    changed({ object: object({ offset: integer(1) }) }),
    /reaches beyond its storage of 4 elements/,
  ],
  ['legacy: a negative stride', changed({ object: object({ stride: tuple(integer(-1)) }) }), /a size or stride is -1/],
  [
    'legacy: a text longer than the file',
    changed({ object: '\x80\x02X\xff\xff\xff\x7f' }),
    /declares 2147483647 bytes/,
  ],
  ['other: nothing', () => Buffer.alloc(0), /found neither \(0 bytes looked at\)/],
  ['other: zeros', () => Buffer.alloc(1000), /found neither/],
  [
    'other: a pointer of Git LFS',
    () => Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0'),
    /found neither/,
  ],
  ['other: HTML', () => Buffer.from('<!DOCTYPE html><html>404</html>'), /found neither/],
  ['other: gzip', () => Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0]), /found neither/],
];
