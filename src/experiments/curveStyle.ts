// How curves that may lie on one another are told apart: a colour and a mark each, what they are compared with in greys, and a legend in columns.

/** What a curve is beside the arms: what all are compared with, or where all began. */
export type Role = 'control' | 'before';

/** What a curve is drawn with. */
export interface CurveStyle {
  color: string;
  symbol: string;
  lineType: 'solid' | 'dashed';
}

const downwards = 'path://M0 0L10 0L5 10Z';
const cross = 'path://M0 3L3 0L5 2L7 0L10 3L8 5L10 7L7 10L5 8L3 10L0 7L2 5Z';
const colours = ['#2f62c9', '#d9480f', '#0b8457', '#9c36b5', '#b88600', '#0e93ad', '#d6336c', '#7a4b2a'];
const symbols = ['rect', 'triangle', 'diamond', downwards, 'emptyRect', cross, 'emptyTriangle', 'emptyDiamond'];

/** A style for each curve, in order. */
export function stylesOf(curves: readonly { role?: Role | undefined }[]): CurveStyle[] {
  let arms = 0;
  return curves.map(({ role }) => {
    if (role === 'control') return { color: '#222', symbol: 'circle', lineType: 'solid' };
    if (role === 'before') return { color: '#888', symbol: 'emptyCircle', lineType: 'dashed' };
    const own = arms++;
    return { color: colours[own % colours.length]!, symbol: symbols[own % symbols.length]!, lineType: 'solid' };
  });
}

/** Widths of a legend's mark and of a character, in pixels: as wide as those of the fonts that may draw it, since none is measured here. */
const [markWidth, characterWidth] = [32, 7];
/** Between entries, and between the text and the next mark, in pixels. */
const [gap, space] = [8, 14];
const rowHeight = 14 + gap;

/** A legend at the bottom, in columns that no name runs out of, and its height. */
export function legendOf(names: readonly string[], width: number): { option: object; height: number } {
  const textWidth = characterWidth * Math.max(0, ...names.map((name) => name.length)) + space;
  const cell = markWidth + 5 + textWidth + gap; // between mark and text, ECharts leaves 5
  const rows = Math.max(1, Math.ceil(names.length / Math.max(1, Math.floor(width / cell))));
  const option = {
    bottom: 6,
    left: 'center',
    width: Math.ceil(names.length / rows) * cell,
    itemGap: gap,
    itemWidth: markWidth,
    itemHeight: 12,
    data: [...names],
    formatter: (name: string) => `{name|${name}}`,
    textStyle: { rich: { name: { width: textWidth, fontSize: 12, backgroundColor: 'transparent' } } }, // only what has a background has its width
  };
  return { option, height: rows * rowHeight };
}
