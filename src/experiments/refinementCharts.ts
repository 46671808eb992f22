// The charts of a report of refined arms: differences from the control, distances against guidance, losses.
import type { ArmResult, ReportSite } from './arms.js';
import { whiskerChart } from './charts.js';
import type { ArmSummary } from './comparison.js';
import { bandChart, courseChart } from './curveCharts.js';
import type { Role } from './curveStyle.js';
import { type Draw, type Draws, drawsOf } from './draw.js';
import { intervalText } from './summary.js';

/** Differences beyond this many per cent are cut, so that the others can be told apart; where one is, its row says the numbers. */
const farthest = 60;

/** The differences from the control with their intervals; undefined where there is none. */
export function differenceChart(arms: readonly ArmSummary[], { assessor, ground }: ReportSite): string | undefined {
  const rows = arms.flatMap(({ arm, toControl }) => {
    if (!toControl || !Number.isFinite(toControl.atBest.mean)) return [];
    const { mean, halfWidth, count } = toControl.atBest;
    const [low, high] = count > 1 ? [mean - halfWidth, mean + halfWidth] : [mean, mean];
    const isCut = low < -farthest || high > farthest;
    return [{ name: isCut ? `${arm}\n${intervalText(toControl.atBest)}` : arm, value: mean, low, high, isCut }];
  });
  if (!rows.length) return undefined;
  const title = `${ground.title}: ${assessor.headline.name} beside the control, mean and 95 % interval`;
  const arrows = rows.some(({ isCut }) => isCut) ? '; arrows: beyond the frame' : '';
  return whiskerChart({ title, xName: `% of the control (left: nearer to real images${arrows})` }, rows, farthest);
}

/** What an arm is beside the others. */
function roleOf(arm: string, control: string): Role | undefined {
  if (arm === control) return 'control';
  return arm === 'before' ? 'before' : undefined;
}

/** Every arm's distance against guidance, each at its own best temperature. */
export function guidanceChart(arms: readonly ArmSummary[], site: ReportSite, draws: Draws, control: string): string {
  const others = draws.temperatures.length > 1 ? ', each arm at its own best temperature' : '';
  return axisChart(arms, site, draws, control, { axis: 'cfg', other: 'temperature', name: 'guidance', xName: `guidance${others} (arms stand side by side at each strength)` }); // prettier-ignore
}

/** Every arm's distance against temperature, each at its own best guidance. */
export function temperatureChart(arms: readonly ArmSummary[], site: ReportSite, draws: Draws, control: string): string {
  const others = draws.cfgs.length > 1 ? ', each arm at its own best guidance' : '';
  return axisChart(arms, site, draws, control, { axis: 'temperature', other: 'cfg', name: 'temperature', xName: `temperature${others} (arms stand side by side)` }); // prettier-ignore
}

function axisChart(
  arms: readonly ArmSummary[],
  { assessor: { headline }, ground }: ReportSite,
  draws: Draws,
  control: string,
  { axis, other, name, xName }: { axis: keyof Draw; other: keyof Draw; name: string; xName: string },
): string {
  const curves = arms.flatMap(({ arm, at, best }) => {
    if (!best) return [];
    const points = drawsOf(draws)
      .filter((draw) => draw[other] === best[other])
      .flatMap((draw) => {
        const { mean, deviation } = at(draw)[headline.key]!;
        return Number.isFinite(mean) ? [[draw[axis], mean, deviation] as const] : [];
      });
    return [{ name: arm, role: roleOf(arm, control), points }];
  });
  const title = `${ground.title}: ${headline.name} against ${name}, mean ± standard deviation`;
  return bandChart({ title, xName, yName: headline.name }, curves);
}

/** The losses with one seed, and how far they lie above the control's on the same batches, whose luck they share. */
export function lossChart(
  results: readonly ArmResult[],
  { ground }: ReportSite,
  control: string,
  seed: number,
): string {
  const courses = results
    .filter((one) => one.seed === seed)
    .flatMap(({ arm, training }) => {
      const points = training?.losses.filter(([, loss]) => Number.isFinite(loss)) ?? [];
      return points.length ? [{ name: arm, role: roleOf(arm, control), points }] : [];
    });
  const controls = new Map(courses.find(({ name }) => name === control)?.points);
  const differences = courses
    .filter(({ name }) => name !== control)
    .map((one) => ({
      ...one,
      points: one.points.flatMap(([seen, loss]) => {
        const its = controls.get(seen);
        return its === undefined ? [] : [[seen, loss - its] as const];
      }),
    }))
    .filter(({ points }) => points.length > 0);
  const panels = [
    { yName: 'loss (nats)', courses },
    ...(differences.length ? [{ yName: 'above the control’s (nats)', courses: differences, fromZero: true }] : []),
  ];
  return courseChart({ title: `${ground.title}: loss of each arm, seed ${seed}`, xName: 'images seen' }, panels);
}
