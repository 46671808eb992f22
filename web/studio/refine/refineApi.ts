// Requests about results and refinements, and the state of one that is asked again until it is answered.
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { ExperimentDetails, ExperimentList, Refinement, RefinementAccepted, RefinementList, RefinementOptions, RefinementRequest, RunList } from '../../../src/studio/api/index.js'; // prettier-ignore
import { request } from '../api.js';

export const getExperiments = () => request<ExperimentList>('/api/experiments');
export const getExperiment = (id: string) => request<ExperimentDetails>(`/api/experiments/${id}`);
export const fileAddress = (id: string, name: string) => `/api/experiments/${id}/files/${encodeURIComponent(name)}`;
export const getOptions = () => request<RefinementOptions>('/api/refinements/options');
export const getRefinements = () => request<RefinementList>('/api/refinements');
export const getRuns = () => request<RunList>('/api/runs');
export const startRefinement = (body: RefinementRequest) => request<RefinementAccepted>('/api/refinements', { body });
export const stopRefinement = (run: string) => request<Refinement>(`/api/refinements/${run}`, { method: 'DELETE' });

/** An answer that is waited for. */
export interface Asked<T> {
  value: T | undefined;
  error: unknown;
  retry: () => void;
}

/** Asks once, and again when told to. */
export function useAsked<T>(ask: () => Promise<T>): Asked<T> {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<unknown>();
  const retry = useCallback(() => {
    setError(undefined);
    ask().then(setValue, setError);
  }, [ask]);
  useEffect(retry, [retry]);
  return { value, error, retry };
}
