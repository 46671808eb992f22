// Plain data that Python 3.11's pickle wrote, in every protocol, and NumPy 1.24's numbers; pickles of Python 2, and pickles longer than the window.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type PlainNode, PthFile } from '../../src/formats/index.js';
import { archive, dict, legacy, pickle, tensorText, text } from './build.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-python-'));
const path = join(folder, 'file.pth');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function structureOf(bytes: Buffer): PlainNode | undefined {
  writeFileSync(path, bytes);
  using file = new PthFile(path);
  return file.structure;
}
const fromPython = (base64: string) => structureOf(archive(Buffer.from(base64, 'base64').toString('latin1')));

// pickle.dumps({"text": "größe\n'\\", "lists": [[], [1], [1, 2]], "tuples": [(), (1,), …], …}, protocol)
const pickles: [protocol: number, base64: string][] = [
  [
    0,
    'KGRwMApWdGV4dApwMQpWZ3L232VcdTAwMGEnXHUwMDVjCnAyCnNWbGlzdHMKcDMKKGxwNAoobHA1CmEobHA2CkkxCmFhKGxwNwpJMQphSTIKYWFzVnR1cGxlcwpwOAoobHA5Cih0YShJMQp0cDEwCmEoSTEKSTIKdHAxMQphKEkxCkkyCkkzCnRwMTIKYShJMQpJMgpJMwpJNAp0cDEzCmFzVmludHMKcDE0CihscDE1CkkwCmFJMjU1CmFJMjU2CmFJNjU1MzYKYUktMQphTDIxNDc0ODM2NDhMCmFJLTIxNDc0ODM2NDgKYUw5MjIzMzcyMDM2ODU0Nzc1ODA4TAphTC0xMTgwNTkxNjIwNzE3NDExMzAzNDI0TAphc1ZmbG9hdHMKcDE2CihscDE3CkYwLjUKYUYtMWUrMzAwCmFGaW5mCmFzVm5vbmUKcDE4Ck5zVmJvb2xzCnAxOQoobHAyMApJMDEKYUkwMAphc1ZvcmRlcmVkCnAyMQpjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcDIyCih0UnAyMwpWYgpwMjQKSTEKc1ZhCnAyNQpJMgpzc1ZzZXQKcDI2CmNfX2J1aWx0aW5fXwpzZXQKcDI3CigobHAyOApJMQphdHAyOQpScDMwCnNWZnJvemVuCnAzMQpjX19idWlsdGluX18KZnJvemVuc2V0CnAzMgooKGxwMzMKVngKcDM0CmF0cDM1ClJwMzYKcy4=',
  ],
  [
    1,
    'fXEAKFgEAAAAdGV4dHEBWAoAAABncsO2w59lCidccQJYBQAAAGxpc3RzcQNdcQQoXXEFXXEGSwFhXXEHKEsBSwJlZVgGAAAAdHVwbGVzcQhdcQkoKShLAXRxCihLAUsCdHELKEsBSwJLA3RxDChLAUsCSwNLBHRxDWVYBAAAAGludHNxDl1xDyhLAEv/TQABSgAAAQBK/////0wyMTQ3NDgzNjQ4TApKAAAAgEw5MjIzMzcyMDM2ODU0Nzc1ODA4TApMLTExODA1OTE2MjA3MTc0MTEzMDM0MjRMCmVYBgAAAGZsb2F0c3EQXXERKEc/4AAAAAAAAEf+N+Q8iAB1nEd/8AAAAAAAAGVYBAAAAG5vbmVxEk5YBQAAAGJvb2xzcRNdcRQoSTAxCkkwMAplWAcAAABvcmRlcmVkcRVjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcRYpUnEXKFgBAAAAYnEYSwFYAQAAAGFxGUsCdVgDAAAAc2V0cRpjX19idWlsdGluX18Kc2V0CnEbKF1xHEsBYXRxHVJxHlgGAAAAZnJvemVucR9jX19idWlsdGluX18KZnJvemVuc2V0CnEgKF1xIVgBAAAAeHEiYXRxI1JxJHUu',
  ],
  [
    2,
    'gAJ9cQAoWAQAAAB0ZXh0cQFYCgAAAGdyw7bDn2UKJ1xxAlgFAAAAbGlzdHNxA11xBChdcQVdcQZLAWFdcQcoSwFLAmVlWAYAAAB0dXBsZXNxCF1xCSgpSwGFcQpLAUsChnELSwFLAksDh3EMKEsBSwJLA0sEdHENZVgEAAAAaW50c3EOXXEPKEsAS/9NAAFKAAABAEr/////igUAAACAAEoAAACAigkAAAAAAAAAgACKCQAAAAAAAAAAwGVYBgAAAGZsb2F0c3EQXXERKEc/4AAAAAAAAEf+N+Q8iAB1nEd/8AAAAAAAAGVYBAAAAG5vbmVxEk5YBQAAAGJvb2xzcRNdcRQoiIllWAcAAABvcmRlcmVkcRVjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcRYpUnEXKFgBAAAAYnEYSwFYAQAAAGFxGUsCdVgDAAAAc2V0cRpjX19idWlsdGluX18Kc2V0CnEbXXEcSwFhhXEdUnEeWAYAAABmcm96ZW5xH2NfX2J1aWx0aW5fXwpmcm96ZW5zZXQKcSBdcSFYAQAAAHhxImGFcSNScSR1Lg==',
  ],
  [
    3,
    'gAN9cQAoWAQAAAB0ZXh0cQFYCgAAAGdyw7bDn2UKJ1xxAlgFAAAAbGlzdHNxA11xBChdcQVdcQZLAWFdcQcoSwFLAmVlWAYAAAB0dXBsZXNxCF1xCSgpSwGFcQpLAUsChnELSwFLAksDh3EMKEsBSwJLA0sEdHENZVgEAAAAaW50c3EOXXEPKEsAS/9NAAFKAAABAEr/////igUAAACAAEoAAACAigkAAAAAAAAAgACKCQAAAAAAAAAAwGVYBgAAAGZsb2F0c3EQXXERKEc/4AAAAAAAAEf+N+Q8iAB1nEd/8AAAAAAAAGVYBAAAAG5vbmVxEk5YBQAAAGJvb2xzcRNdcRQoiIllWAcAAABvcmRlcmVkcRVjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcRYpUnEXKFgBAAAAYnEYSwFYAQAAAGFxGUsCdVgDAAAAc2V0cRpjYnVpbHRpbnMKc2V0CnEbXXEcSwFhhXEdUnEeWAYAAABmcm96ZW5xH2NidWlsdGlucwpmcm96ZW5zZXQKcSBdcSFYAQAAAHhxImGFcSNScSR1Lg==',
  ],
  [
    4,
    'gASVMAEAAAAAAAB9lCiMBHRleHSUjApncsO2w59lCidclIwFbGlzdHOUXZQoXZRdlEsBYV2UKEsBSwJlZYwGdHVwbGVzlF2UKClLAYWUSwFLAoaUSwFLAksDh5QoSwFLAksDSwR0lGWMBGludHOUXZQoSwBL/00AAUoAAAEASv////+KBQAAAIAASgAAAICKCQAAAAAAAACAAIoJAAAAAAAAAADAZYwGZmxvYXRzlF2UKEc/4AAAAAAAAEf+N+Q8iAB1nEd/8AAAAAAAAGWMBG5vbmWUTowFYm9vbHOUXZQoiIlljAdvcmRlcmVklIwLY29sbGVjdGlvbnOUjAtPcmRlcmVkRGljdJSTlClSlCiMAWKUSwGMAWGUSwJ1jANzZXSUj5QoSwGQjAZmcm96ZW6UKIwBeJSRlHUu',
  ],
  [
    5,
    'gAWVMAEAAAAAAAB9lCiMBHRleHSUjApncsO2w59lCidclIwFbGlzdHOUXZQoXZRdlEsBYV2UKEsBSwJlZYwGdHVwbGVzlF2UKClLAYWUSwFLAoaUSwFLAksDh5QoSwFLAksDSwR0lGWMBGludHOUXZQoSwBL/00AAUoAAAEASv////+KBQAAAIAASgAAAICKCQAAAAAAAACAAIoJAAAAAAAAAADAZYwGZmxvYXRzlF2UKEc/4AAAAAAAAEf+N+Q8iAB1nEd/8AAAAAAAAGWMBG5vbmWUTowFYm9vbHOUXZQoiIlljAdvcmRlcmVklIwLY29sbGVjdGlvbnOUjAtPcmRlcmVkRGljdJSTlClSlCiMAWKUSwGMAWGUSwJ1jANzZXSUj5QoSwGQjAZmcm96ZW6UKIwBeJSRlHUu',
  ],
];

test.each(pickles)('protocol %i', (_, base64) => {
  expect(fromPython(base64)).toEqual({
    text: "größe\n'\\",
    lists: [[], [1], [1, 2]],
    tuples: [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]],
    ints: [0, 255, 256, 65536, -1, 2 ** 31, -(2 ** 31), 2n ** 63n, -(2n ** 70n)],
    floats: [0.5, -1e300, Infinity],
    none: null,
    bools: [true, false],
    ordered: { b: 1, a: 2 },
    set: [1],
    frozen: ['x'],
  });
});

// [float64(1.5), float32(-2.5), int64(2**40), int32(-7), uint8(200), bool_(True)] in protocols 2 and 4
test.each([
  'gAJdcQAoY251bXB5LmNvcmUubXVsdGlhcnJheQpzY2FsYXIKcQFjbnVtcHkKZHR5cGUKcQJYAgAAAGY4cQOJiIdxBFJxBShLA1gBAAAAPHEGTk5OSv////9K/////0sAdHEHYmNfY29kZWNzCmVuY29kZQpxCFgJAAAAAAAAAAAAw7g/cQlYBgAAAGxhdGluMXEKhnELUnEMhnENUnEOaAFoAlgCAAAAZjRxD4mIh3EQUnERKEsDaAZOTk5K/////0r/////SwB0cRJiaAhYBQAAAAAAIMOAcRNoCoZxFFJxFYZxFlJxF2gBaAJYAgAAAGk4cRiJiIdxGVJxGihLA2gGTk5OSv////9K/////0sAdHEbYmgIWAgAAAAAAAAAAAEAAHEcaAqGcR1ScR6GcR9ScSBoAWgCWAIAAABpNHEhiYiHcSJScSMoSwNoBk5OTkr/////Sv////9LAHRxJGJoCFgIAAAAw7nDv8O/w79xJWgKhnEmUnEnhnEoUnEpaAFoAlgCAAAAdTFxKomIh3ErUnEsKEsDWAEAAAB8cS1OTk5K/////0r/////SwB0cS5iaAhYAgAAAMOIcS9oCoZxMFJxMYZxMlJxM2gBaAJYAgAAAGIxcTSJiIdxNVJxNihLA2gtTk5OSv////9K/////0sAdHE3YmgIWAEAAAABcThoCoZxOVJxOoZxO1JxPGUu',
  'gASVYgEAAAAAAABdlCiMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMBnNjYWxhcpSTlIwFbnVtcHmUjAVkdHlwZZSTlIwCZjiUiYiHlFKUKEsDjAE8lE5OTkr/////Sv////9LAHSUYkMIAAAAAAAA+D+UhpRSlGgDaAaMAmY0lImIh5RSlChLA2gKTk5OSv////9K/////0sAdJRiQwQAACDAlIaUUpRoA2gGjAJpOJSJiIeUUpQoSwNoCk5OTkr/////Sv////9LAHSUYkMIAAAAAAABAACUhpRSlGgDaAaMAmk0lImIh5RSlChLA2gKTk5OSv////9K/////0sAdJRiQwT5////lIaUUpRoA2gGjAJ1MZSJiIeUUpQoSwOMAXyUTk5OSv////9K/////0sAdJRiQwHIlIaUUpRoA2gGjAJiMZSJiIeUUpQoSwNoJ05OTkr/////Sv////9LAHSUYkMBAZSGlFKUZS4=',
])("NumPy's numbers (%#)", (base64) => {
  expect(fromPython(base64)).toEqual([1.5, -2.5, 2 ** 40, -7, 200, true]);
});

test('the operations of Python 2, and those that no pickler writes but every unpickler knows', () => {
  const body = "(S'it\\'s\\x41\\n'\nT\x02\0\0\0hiU\x03yesV\\u00e9\\U0001f600\nI01\nI-12\nL99L\nF1e-3\nFnan\nN2(NN10l";
  expect(structureOf(archive(pickle(body)))).toEqual([
    "it's" + 'A\n', 'hi', 'yes', 'é😀', true, -12, 99, 1e-3, NaN, null,
  ]); // prettier-ignore
  expect(structureOf(archive(pickle('(NI1\nd')))).toEqual({ null: 1 });
  expect(structureOf(archive(pickle('(icollections\nOrderedDict\n')))).toEqual({});
  expect(structureOf(archive(pickle('(ccollections\nOrderedDict\no')))).toEqual({});
  expect(structureOf(archive(pickle('cargparse\nNamespace\n)}\x92}X\x01\0\0\0aK\x05sb')))).toEqual({ a: 5 });
  expect(structureOf(archive(pickle('(\x8f(K\x01K\x01\x90(K\x02\x91Np7\ng7\nt')))).toEqual([[1], [2], null, null]);
});

test('a list keeps the places of its tensors; what holds tensors alone is left out', () => {
  const mixed = `(K\x01${tensorText()}t`;
  expect(structureOf(archive(pickle(dict({ mixed, only: dict({ w: tensorText() }), none: '}' }))))).toEqual({
    mixed: [1, null],
    none: {},
  });
});

test('a legacy pickle that is longer than the window in which it is read', () => {
  const entries = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, text(String(i).repeat(400))]));
  const object = pickle(dict({ ...entries, w: tensorText({ view: ['N'] }) }));
  const expected = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, String(i).repeat(400)]));
  expect(structureOf(legacy({ object }))).toEqual(expected);
  expect(
    structureOf(legacy({ object: pickle(dict({ big: text('x'.repeat(200_000)), w: tensorText({ view: ['N'] }) })) })),
  ).toEqual({ big: 'x'.repeat(200_000) });
});
