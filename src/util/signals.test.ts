// The first signal asks work to end, another one leaves; only between on and off.
import { afterEach, expect, test, vi } from 'vitest';
import { exitCodeOf, secondSignal, watchSignals } from './signals.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('a signal that comes twice at once is one; a second later it is another', () => {
  vi.useFakeTimers();
  const isSecond = secondSignal();
  expect([isSecond(), isSecond()]).toEqual([false, false]);
  vi.advanceTimersByTime(1500);
  expect(isSecond()).toBe(true);
});

test.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('%s asks, again it leaves with %i', (signal, code) => {
  vi.useFakeTimers();
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as typeof process.exit);
  const told: string[] = [];
  const watch = watchSignals((one) => told.push(one));
  const listeners = process.listenerCount(signal);
  watch.on();
  expect([watch.ended, watch.signal.aborted]).toEqual(['done', false]);
  for (let echo = 0; echo < 2; echo++) process.emit(signal, signal);
  expect([watch.ended, watch.signal.aborted, told]).toEqual([signal, true, [signal]]);
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1500);
  process.emit(signal, signal);
  expect(exit).toHaveBeenCalledWith(code);
  watch.off();
  expect(process.listenerCount(signal)).toBe(listeners);
}); // prettier-ignore

test('work that was not stopped leaves with 0', () => {
  expect(exitCodeOf('done')).toBe(0);
});
