// The benchmark's table, as markdown that docs/performance.md can take as it is.

/** The middle of some numbers. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Goals: the highest share of the peer's time, by the peer's precision, for our best precision here; of a SAR step, of our own training step. */
const goals = {
  train: '≤ 0.55 of peer float32, ≤ 0.9 of peer bfloat16',
  sample: '≤ 0.5 of peer float32, ≤ 0.75 of peer bfloat16',
  'sar-causal': '≤ 2.1 of our training step',
  'sar-last-scale': '≤ 1.45 of our training step',
  'sar-guided': '≤ 0.4 more than sar-causal',
};
const productGoal = '≥ 0.8 of peak';

const seconds = (value) => (value === undefined ? '–' : `${value.toFixed(3)} s`);
const ratio = (value) => (value === undefined || Number.isNaN(value) ? '–' : value.toFixed(2));

function row(cells) {
  return `| ${cells.join(' | ')} |`;
}

/** The rows of a report as a table, under a line that says what machine it is of. */
export function tableOf({ machine, precisions, peak, rows, repeats }) {
  const find = (size, name, precision) =>
    rows.find((one) => one.size === size && one.name === name && one.precision === precision);
  const lines = rows.map(({ size, name, precision, ours, peer, gflops }) => {
    if (gflops !== undefined) {
      const most = peak[precision];
      const cells = [
        `${gflops.toFixed(0)} GFLOP/s`,
        most ? `peak ${most.toFixed(0)} GFLOP/s` : '–',
        ratio(gflops / most),
        '',
        '',
      ];
      return row([size, name, precision, ...cells, most ? productGoal : '']);
    }
    const training = find(size, 'train', precision)?.ours;
    return row([
      size,
      name,
      precision,
      seconds(ours),
      seconds(peer),
      ratio(ours / peer),
      ratio(ours / find(size, name, 'float32')?.peer),
      ratio(name.startsWith('sar') ? ours / training : undefined),
      name.startsWith('sar') || precision === precisions.at(-1) ? goals[name] : '',
    ]);
  });
  const low = precisions.includes('bfloat16') ? '' : '; bfloat16 left out: this CPU has no instructions for it';
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.threads} threads, on ${machine.device}, libtorch ${machine.libtorch}, Node ${machine.node}; medians of ${repeats}${low}.`,
    '',
    row(['size', 'work', 'precision', 'ours', 'peer', '/ peer', '/ peer float32', '/ our training step', 'goal']),
    row(Array(9).fill('---')),
    ...lines,
  ].join('\n');
}
