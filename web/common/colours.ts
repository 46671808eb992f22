// Numbers as colours: codes, of which neighbours need not look alike, and amounts from little to much.

export type Colour = readonly [red: number, green: number, blue: number];

/** Hue in turns, saturation and lightness from 0 to 1. */
function fromHsl(hue: number, saturation: number, lightness: number): Colour {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (n: number): number => {
    const k = (n + hue * 12) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** The colour of a code: codes that follow each other lie far apart on the wheel. */
export function codeColour(code: number): Colour {
  const turn = (code * 0.618_033_988_75) % 1;
  return fromHsl(turn, 0.42 + 0.3 * ((code * 0.754_877_666) % 1), 0.38 + 0.34 * ((code * 0.569_840_29) % 1));
}

/** From dark to bright, evenly in lightness. */
const ramp: readonly Colour[] = [
  [13, 16, 43],
  [38, 39, 98],
  [43, 79, 128],
  [28, 119, 134],
  [46, 160, 128],
  [127, 196, 103],
  [240, 226, 112],
];

/** The colour of an amount from 0 (dark) to 1 (bright). */
export function amountColour(amount: number): Colour {
  const at = Math.min(Math.max(amount, 0), 1) * (ramp.length - 1);
  const low = ramp[Math.floor(at)]!;
  const high = ramp[Math.min(Math.floor(at) + 1, ramp.length - 1)]!;
  const share = at - Math.floor(at);
  return [0, 1, 2].map((i) => Math.round(low[i]! + share * (high[i]! - low[i]!))) as unknown as Colour;
}

/** A colour as CSS has it. */
export function css([red, green, blue]: Colour): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** The ramp as a CSS gradient to the right. */
export const amountGradient = `linear-gradient(to right, ${ramp.map(css).join(', ')})`;
