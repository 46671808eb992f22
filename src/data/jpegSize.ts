// The size of a plain JPEG out of its markers (ITU T.81, annex B), which spares libvips a pass over the file.

/** Height and width of a JPEG of three components without EXIF, whose rotation could swap them; undefined for any other file. */
export function plainJpegSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = bytes[at + 1]!;
    if (marker === 0xe1) return undefined; // APP1 holds EXIF
    if (marker !== 0xc0 && marker !== 0xc1 && marker !== 0xc2) continue; // frames, baseline to progressive
    const isPlain = view.getUint8(at + 4) === 8 && view.getUint8(at + 9) === 3;
    return isPlain ? { width: view.getUint16(at + 7), height: view.getUint16(at + 5) } : undefined;
  }
  return undefined;
}
