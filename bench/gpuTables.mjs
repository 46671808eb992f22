// What `npm run bench -- gpu` found, as markdown for docs/performance.md: steps, kernels, and the hours of the paper's run.
import { exposedSeconds, ringSeconds, works } from './scalingModel.mjs';

const paperImages = 10 * 1281167;
const goals = { 'sar-causal': 2.1, 'sar-last-scale': 1.45 };
const mfuGoal = 0.45;
const nvlink = { bandwidth: 300e9, latency: 5e-6 }; // docs/scaling.md
const window = (name) => works[name === 'train' ? 'teacher' : name]?.window ?? 2;

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const gigabytes = (bytes) => (bytes === undefined ? '–' : (bytes / 1e9).toFixed(1));
const ratio = (value) => (Number.isFinite(value) ? value.toFixed(2) : '–');
const percent = (value) => (Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : '–');

function stepTable({ machine, flops, rows }) {
  const find = (side, name, largest) => rows.find((one) => one.side === side && one.name === name && one.largest === largest); // prettier-ignore
  const perImage = (row) => row && row.seconds / row.batch;
  const cells = rows.map((row) => {
    const { side, name, batch, largest, seconds, bytes, reserved } = row;
    const teacher = perImage(find(side, 'train', largest));
    const isSar = name !== 'train';
    return [
      name, largest ? `${batch} (largest)` : batch, side, (1000 * seconds).toFixed(1), (batch / seconds).toFixed(1),
      percent((flops[name] * batch) / seconds / machine.peak), gigabytes(bytes), gigabytes(reserved),
      isSar ? ratio(perImage(row) / teacher) : '', isSar ? ratio(flops[name] / flops.train) : '', goals[name] ?? '',
      ratio(perImage(row) / perImage(find('peer', name, largest))), ratio(perImage(row) / perImage(find('peer compiled', name, largest))),
    ]; // prettier-ignore
  });
  const head = ['step', 'batch', 'side', 'ms', 'images/s', 'MFU', 'GB in tensors', 'GB reserved', '/ teacher', 'least', 'goal', '/ peer', '/ compiled']; // prettier-ignore
  return table(head, cells);
}

function profileTable(profiles) {
  const kinds = [...new Set(profiles.flatMap((one) => one.kinds.map(({ name }) => name)))];
  const cells = ['nothing ran', ...kinds].map((kind) => [
    kind,
    ...profiles.map(({ idle, kinds, ms }) => {
      const own = kind === 'nothing ran' ? idle : kinds.find(({ name }) => name === kind)?.ms;
      return own === undefined ? '–' : `${own.toFixed(2)} (${percent(own / ms)})`;
    }),
  ]);
  const totals = ['whole step, profiled', ...profiles.map(({ ms }) => ms.toFixed(2))];
  const counts = ['kernels', ...profiles.map(({ events }) => events.toFixed(0))];
  return table(['ms a step', ...profiles.map(({ side, name }) => `${side}, ${name}`)], [totals, counts, ...cells]);
}

/** Hours of 10 epochs at our fastest batch of each step; on 8 GPUs with d16's gradients averaged over NVLink by the formula. */
function hoursTable({ rows, flops }) {
  const cells = ['train', 'sar-causal', 'sar-guided', 'sar-last-scale'].flatMap((name) => {
    const own = rows.filter((one) => one.side === 'ours' && one.name === name);
    if (!own.length) return [];
    const best = own.reduce((a, b) => (a.batch / a.seconds >= b.batch / b.seconds ? a : b));
    const pass = (best.seconds * flops.forward) / flops[name];
    const exposed = exposedSeconds(4 * 310e6, window(name) * pass, (bytes) => ringSeconds(8, bytes, nvlink));
    const hours = (gpus, seconds) => ((paperImages / (gpus * best.batch)) * seconds) / 3600;
    return [[name, best.batch, hours(1, best.seconds).toFixed(1), hours(8, best.seconds + exposed).toFixed(1)]];
  });
  return table(['step', 'batch a GPU', 'hours on 1', 'hours on 8, computed'], cells);
}

function checkLine(checks) {
  const { ours, peer } = checks;
  if (!ours || !peer) return 'The losses were not compared.';
  const far = (name) => Math.abs(ours[name] - peer[name]) / Math.abs(peer[name]);
  const worst = Math.max(...Object.keys(ours).map(far));
  return `Losses and image in float32 differ from the peer's by ${worst.toExponential(1)} at most${worst > 1e-4 ? ': TOO MUCH, the sides do not compute the same' : ''}.`; // prettier-ignore
}

/** The whole report. */
export function gpuTables(report) {
  const { machine, rows, failures, checks, profiles } = report;
  const mfu = rows.filter(({ side }) => side === 'ours').map((one) => (report.flops[one.name] * one.batch) / one.seconds / machine.peak); // prettier-ignore
  return [
    `${machine.device}; ${machine.precision === 'bfloat16' ? 'bfloat16 autocast' : 'float32'}; libtorch ${machine.libtorch}, Node ${machine.node}; peak ${machine.peak ? `${(machine.peak / 1e12).toFixed(1)} TFLOP/s` : 'unknown'}; ${report.seconds.toFixed(0)} s in all.`,
    checkLine(checks),
    Number.isFinite(mfu[0]) ? `Our highest MFU: ${percent(Math.max(...mfu))}, goal ${percent(mfuGoal)}.` : '',
    `## Steps\n\n${stepTable(report)}`,
    `## Where the time goes\n\n${profiles.length ? profileTable(profiles) : 'Nothing was traced.'}`,
    `## 10 epochs of ImageNet\n\n${hoursTable(report)}`,
    failures.length ? `Left out: ${failures.join('; ')}` : '',
  ]
    .filter(Boolean)
    .join('\n\n');
}
