// Texts inside PNG files (tEXt and iTXt chunks): where image tools keep the settings that a picture was made with, under the keyword `parameters`.
import { crc32 } from 'node:zlib';
import { UsageError } from '../util/errors.js';

interface Chunk {
  type: string;
  data: Buffer;
  /** All of it, with length and CRC. */
  whole: Buffer;
}

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** The chunks of a PNG; it must be whole, and every CRC right. */
function chunksOf(where: string, png: Uint8Array): Chunk[] {
  const refuse = (what: string): never => {
    throw new UsageError(`${where}: not a whole PNG: ${what}; write it again`);
  };
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  if (!bytes.subarray(0, 8).equals(signature)) refuse('it does not begin as one');
  const chunks: Chunk[] = [];
  for (let at = 8; chunks.at(-1)?.type !== 'IEND';) {
    const length = bytes.length - at < 12 ? Infinity : bytes.readUInt32BE(at);
    const end = at + 12 + length;
    if (end > bytes.length) refuse('it ends early');
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4))
      refuse(`the CRC of its chunk ${JSON.stringify(type)} is wrong`);
    chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    at = end;
  }
  if (chunks[0]!.type !== 'IHDR') refuse('its first chunk is not IHDR');
  if (chunks.reduce((sum, { whole }) => sum + whole.length, 8) !== bytes.length) refuse('bytes follow its end');
  return chunks;
}

function chunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(12 + data.length);
  whole.writeUInt32BE(data.length);
  whole.write(type, 4, 'latin1');
  data.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), 8 + data.length);
  return whole;
}

/** A text as a chunk: tEXt where ASCII will do, which more programs read, else iTXt (libvips takes the Latin-1 of tEXt for UTF-8). */
function textChunk(keyword: string, text: string): Buffer {
  if (!/^[!-~\xa1-\xff](?:[ -~\xa1-\xff]{0,77}[!-~\xa1-\xff])?$/.test(keyword) || text.includes('\0'))
    throw new Error(`internal: PNG allows no text with the keyword ${JSON.stringify(keyword)}, or with a NUL in it`);
  if (/^[\n -~]*$/.test(text)) return chunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'));
  // no compression, no language, no translated keyword
  return chunk('iTXt', Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text)]));
}

/** Keyword and text of a chunk; undefined where it is none of the two kinds, or compressed. */
function textOf({ type, data }: Chunk): [string, string] | undefined {
  const at = data.indexOf(0);
  if (at < 1) return undefined;
  const keyword = data.toString('latin1', 0, at);
  if (type === 'tEXt') return [keyword, data.toString('latin1', at + 1)];
  if (type !== 'iTXt' || data[at + 1] !== 0) return undefined;
  const language = data.indexOf(0, at + 3);
  const translated = data.indexOf(0, language + 1);
  if (language < 0 || translated < 0) return undefined;
  return [keyword, data.toString('utf8', translated + 1)];
}

/** The texts of a PNG by their keywords. @throws UsageError where it is not whole; `where` names it. */
export function pngTexts(where: string, png: Uint8Array): Map<string, string> {
  return new Map(
    chunksOf(where, png)
      .map(textOf)
      .filter((text) => text !== undefined),
  );
}

/** The same PNG with these texts, which replace those of the same keywords. */
export function withPngTexts(png: Uint8Array, texts: Readonly<Record<string, string>>): Buffer {
  const [header, ...others] = chunksOf('png', png).filter((one) => !Object.hasOwn(texts, textOf(one)?.[0] ?? ''));
  const added = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
  return Buffer.concat([signature, header!.whole, ...added, ...others.map(({ whole }) => whole)]);
}
