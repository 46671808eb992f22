// Zip archives that are cut, contradict themselves, lead elsewhere or unpack without end.
import { deflateRawSync } from 'node:zlib';
import { archiveEntries, dict, pickle, type RawEntry, tensorText, uint, zip, type ZipEnd } from './build.js';

/** A kind of archive, its bytes, and what it is refused with. */
export type HostileFile = readonly [kind: string, bytes: () => Buffer, sentence: RegExp];

const body = pickle(dict({ w: tensorText() }));
const entries = () => archiveEntries(body);
const where = (name: string) => (entry: RawEntry) => entry.name === `archive/${name}`;

/** A good archive in which one entry is changed. */
const changed = (name: string, change: Partial<RawEntry>) => () =>
  zip(entries().map((entry) => (where(name)(entry) ? { ...entry, ...change } : entry)));
const added =
  (...more: RawEntry[]) =>
  () =>
    zip([...entries(), ...more]);
const ended = (end: ZipEnd) => () => zip(entries(), end);
const without = (name: string) => () => zip(entries().filter((entry) => !where(name)(entry)));
const edited = (edit: (good: Buffer) => Buffer | undefined) => () => {
  const good = zip(entries());
  return edit(good) ?? good;
};
const named = (name: string): HostileFile => [
  `an entry named ${JSON.stringify(name)}`,
  added({ name, data: 'x' }),
  /has a name that leads elsewhere/,
];
const wide = (...values: bigint[]) =>
  `${uint(1, 2)}${uint(values.length * 8, 2)}${values.map((one) => uint(one, 8)).join('')}`;
const none32 = 0xffffffff;
const zeros = Buffer.alloc(1 << 24);

const names: HostileFile[] = [
  ...['../evil', 'archive/../../evil', '/etc/passwd', 'C:/evil', 'archive\\evil', 'archive//evil', 'archive/./evil', 'archive/e\0vil', 'archive/e\nvil', 'archive/..', '', 'archive/\xff'].map(named), // prettier-ignore
  ['a symbolic link', changed('data/0', { kind: 10 }), /is a link or another special file/],
  ['a device', changed('data/0', { kind: 2 }), /is a link or another special file/],
  ['a folder with content', added({ name: 'archive/more/', data: 'x' }), /is a folder with content/],
  [
    'two entries of one name',
    added({ name: 'archive/data/0', data: Buffer.alloc(16) }),
    /two entries 'archive\/data\/0'/,
  ],
  ['two pickles', added({ name: 'archive/data.pkl', data: body }), /two entries 'archive\/data\.pkl'/],
  ['two folders', added({ name: 'other/data.pkl', data: body }), /expected one folder in it, found 2/],
  ['no folder', () => zip([{ name: 'data.pkl', data: body }]), /it has no 'data\.pkl'/],
  ['no pickle', without('data.pkl'), /it has no 'data\.pkl'/],
  ['no storage', without('data/0'), /storage '0' should have 16 bytes, found none/],
  ['no version', without('version'), /its format version is 'missing'/],
  ['an archive of nothing', () => zip([]), /expected one folder in it, found none|where it should be/],
  ['another kind of archive', () => zip([{ name: 'word/document.xml', data: '<x/>' }]), /it has no 'data\.pkl'/],
  ['a TorchScript program', added({ name: 'archive/constants.pkl', data: pickle(')') }), /holds a TorchScript program/],
  ['big-endian numbers', changed('byteorder', { data: 'big' }), /its byte order is 'big'/],
  ['an unknown byte order', changed('byteorder', { data: 'x'.repeat(1000) }), /its byte order is ''/],
  ['version 99', changed('version', { data: '99\n' }), /its format version is '99'/],
  ['a version that is none', changed('version', { data: '-1' }), /its format version is '-1'/],
];

const packed: HostileFile[] = [
  [
    'a deflated pickle',
    () =>
      zip([
        { name: 'archive/data.pkl', data: deflateRawSync(Buffer.from(body, 'latin1')), method: 8, size: body.length },
      ]),
    /is compressed \(method 8\)/,
  ],
  [
    'a deflated storage',
    changed('data/0', { data: deflateRawSync(Buffer.alloc(16)), method: 8, size: 16 }),
    /is compressed \(method 8\)/,
  ],
  [
    'a bomb of 16 MB',
    changed('data/0', { data: deflateRawSync(zeros), method: 8, size: zeros.length }),
    /is compressed \(method 8\)/,
  ],
  [
    'a bomb that says 4 GB',
    changed('data/0', { data: deflateRawSync(zeros), method: 8, size: none32 - 1 }),
    /is compressed \(method 8\)/,
  ],
  ['another compression', changed('data/0', { method: 12 }), /is compressed \(method 12\)/],
  ['compression in one header', changed('data/0', { localMethod: 8 }), /is described in two ways/],
  ['an encrypted entry', changed('data/0', { flags: 1 }), /is encrypted/],
  ['a strongly encrypted entry', changed('data/0', { flags: 0x41 }), /is encrypted/],
  ['a masked header', changed('data/0', { flags: 0x2000 }), /is encrypted/],
  ['a patch', changed('data/0', { flags: 0x20 }), /is encrypted/],
  ['encryption in one header', changed('data/0', { localFlags: 1 }), /is described in two ways/],
];

const sizes: HostileFile[] = [
  [
    'a wrong checksum of the pickle',
    changed('data.pkl', { crc: 1 }),
    /the checksum of its 'archive\/data\.pkl' is wrong/,
  ],
  ['a wrong checksum of a storage', changed('data/0', { crc: 1 }), /the checksum of its tensor 'w' is wrong/],
  ['checksums that differ', changed('data.pkl', { localCrc: 1 }), /is described in two ways/],
  ['names that differ', changed('data/0', { localName: 'archive/data/1' }), /is described in two ways/],
  ['sizes that differ', changed('data/0', { localSize: 15 }), /is described in two ways/],
  ['more stored than there is', changed('data/0', { size: 15 }), /has 16 bytes stored and 15 in all/],
  [
    'an entry of 4 GB',
    changed('data/0', { size: none32 - 1, packed: none32 - 1 }),
    /reaches beyond the archive's files|overlaps/,
  ],
  [
    'an entry that reaches into the next',
    changed('data/0', { size: 40, packed: 40 }),
    /overlaps another|should have 16/,
  ],
  [
    'an entry that reaches into the directory',
    changed('version', { size: 40, packed: 40 }),
    /reaches beyond the archive's files/,
  ],
  [
    'an entry inside another',
    added({ name: 'archive/data/1', data: '', offset: 60 }),
    /overlaps another|described in two ways/,
  ],
  [
    'two entries on one place',
    added({ name: 'archive/data/1', data: body, present: false, offset: 0 }),
    /overlaps another|described in two ways/,
  ],
  [
    'a thousand entries on one place',
    () =>
      zip([
        ...entries(),
        ...Array.from({ length: 1000 }, (_, i) => ({
          name: `archive/data/x${i}`,
          data: '',
          present: false,
          offset: 0,
        })),
      ]),
    /overlaps another|described in two ways/,
  ],
  ['an entry past the end', changed('data/0', { offset: 1e9 }), /ends early|described in two ways/],
  ['an offset into the directory', changed('version', { offset: 400 }), /described in two ways|ends early|overlaps/],
  ['an entry on another volume', changed('data/0', { disk: 1 }), /lies on another volume/],
  ['zip64 sizes that are missing', changed('data/0', { size: none32, packed: none32 }), /lacks its zip64 sizes/],
  [
    'a zip64 size of 2^63',
    changed('data/0', { size: none32, packed: none32, extra: wide(2n ** 63n, 2n ** 63n) }),
    /speaks of 9223372036854775808 bytes/,
  ],
  [
    'zip64 sizes that differ',
    changed('data/0', { size: none32, packed: none32, extra: wide(16n, 17n) }),
    /has 17 bytes stored and 16 in all/,
  ],
  [
    'a zip64 field cut off',
    changed('data/0', { size: none32, packed: none32, extra: wide(16n) }),
    /lacks its zip64 sizes/,
  ],
  [
    'a zip64 offset of 2^64-1',
    changed('data/0', { offset: none32, extra: wide(2n ** 64n - 1n) }),
    /speaks of 18446744073709551615 bytes/,
  ],
  ['two zip64 fields', changed('data/0', { extra: wide(16n) + wide(16n) }), /has two zip64 fields/],
  [
    'an extra field longer than there is',
    changed('data/0', { extra: `FB${uint(100, 2)}` }),
    /has malformed extra fields/,
  ],
  ['an extra field of three bytes', changed('data/0', { extra: 'FB\0' }), /has malformed extra fields/],
];

const elsewhere = /central directory is not where it should be|contradict each other/;
const ends: HostileFile[] = [
  ['fewer entries than it says', ended({ count: 9 }), /central directory is malformed|contradict/],
  ['more entries than it says', ended({ count: 2 }), /bytes after its last entry/],
  ['counts that differ', ended({ here: 2 }), /one of several volumes/],
  ['65,535 entries without zip64', ended({ count: 0xffff }), /central directory is malformed/],
  ['another volume', ended({ disk: 1 }), /one of several volumes/],
  ['a directory on another volume', ended({ firstDisk: 1 }), /one of several volumes/],
  ['a directory of 4 GB', ended({ size: none32 }), elsewhere],
  ['a directory of nothing', ended({ size: 0 }), elsewhere],
  ['a directory past the end', ended({ begin: none32 - 1 }), elsewhere],
  ['a directory at the beginning', ended({ begin: 0 }), elsewhere],
  ['a comment', ended({ comment: 'hello' }), /the end of a zip archive is not where it should be/],
  ['bytes behind the end', ended({ after: '\0' }), /the end of a zip archive is not where it should be/],
  [
    'an archive behind the end',
    ended({ after: zip([]).subarray(0, 21).toString('latin1') }),
    /the end of a zip archive is not/,
  ],
  ['bytes between directory and end', ended({ between: 'hidden' }), elsewhere],
  ['a zip64 end with other counts', ended({ wide: { count: 9n, here: 9n } }), /its two ends contradict each other/],
  ['a zip64 end with counts that differ', ended({ wide: { here: 1n } }), /one of several volumes/],
  [
    'a zip64 end with 2^60 entries',
    ended({ count: 0xffff, wide: { count: 2n ** 60n, here: 2n ** 60n } }),
    /speaks of 1152921504606846976 bytes/,
  ],
  ['a zip64 end with another size', ended({ wide: { size: 1n } }), /its two ends contradict each other/],
  ['a zip64 end with another place', ended({ begin: none32, wide: { begin: 0n } }), elsewhere],
  ['a zip64 end elsewhere', ended({ wide: { at: 0n } }), /its zip64 end is malformed/],
  ['a zip64 end past the end', ended({ wide: { at: 2n ** 40n } }), /speaks of 1099511627776 bytes/],
  ['a zip64 end of another length', ended({ wide: { record: 2n ** 40n } }), /its zip64 end is malformed/],
  ['a zip64 end on another volume', ended({ wide: { disks: 1 } }), /one of several volumes/],
  ['a program before the archive', edited((good) => Buffer.concat([Buffer.from('PK#!/bin/sh\n'), good])), elsewhere],
  [
    '100,001 entries',
    () =>
      zip([], {
        count: 0xffff,
        wide: { count: 100_001n, here: 100_001n },
        before: ' '.repeat(200_000).replace(/^ {2}/, 'PK'),
      }),
    /has 100001 entries, at most 100000/,
  ],
  ['a central header without its mark', edited((good) => { good[good.indexOf('PK\x01\x02') + 3] = 9; return undefined; }), /entry 0 of its central directory is malformed/], // prettier-ignore
  ['a local header without its mark', edited((good) => { good[3] = 9; return undefined; }), /described in two ways/], // prettier-ignore
  ['a name longer than the directory', edited((good) => { good.writeUInt16LE(0xffff, good.lastIndexOf('PK\x01\x02') + 28); return undefined; }), /central directory is malformed/], // prettier-ignore
  ['a local name longer than the file', edited((good) => { good.writeUInt16LE(0xffff, 26); return undefined; }), /ends early|described in two ways/], // prettier-ignore
  ['two letters', () => Buffer.from('PK'), /ends early/],
  ['a local header alone', () => Buffer.from('PK\x03\x04'.padEnd(30, '\0')), /the end of a zip archive/],
  ['an end alone', () => zip([]).subarray(0, 22), /expected one folder|central directory/],
];

export const archives: HostileFile[] = [...names, ...packed, ...sizes, ...ends];
