// What every place of images becomes: a list of where each image's bytes lie and of its class. Nothing is held open, and no pixel is read.

/** Where the bytes of one image file lie: enough to read them on any thread. Files may be URLs, but those of kind `file`. */
export type Place =
  | { kind: 'file'; path: string }
  | { kind: 'range'; file: string; offset: number; size: number }
  | { kind: 'row'; file: string; column: string; row: number };

/** A set of images that are read when they are needed. */
export interface ImageSource {
  /** What the user called it. */
  name: string;
  classes: readonly string[];
  /** Class of each image, whose number is its place in here. */
  labels: Uint16Array;
  /** Where an image lies. */
  placeOf(index: number): Place;
  /** What an image is called in messages. */
  nameOf(index: number): string;
}

/** The largest file of an image that is read, in bytes. */
export const mostBytes = 256 * 2 ** 20;
