// Requests about results and refinements.
import type { ExperimentDetails, ExperimentList, Refinement, RefinementAccepted, RefinementList, RefinementOptions, RefinementRequest } from '../../../src/studio/api/index.js'; // prettier-ignore
import { request } from '../api.js';

export const getExperiments = () => request<ExperimentList>('/api/experiments');
export const getExperiment = (id: string) => request<ExperimentDetails>(`/api/experiments/${id}`);
export const fileAddress = (id: string, name: string) => `/api/experiments/${id}/files/${encodeURIComponent(name)}`;
export const getOptions = () => request<RefinementOptions>('/api/refinements/options');
export const getRefinements = () => request<RefinementList>('/api/refinements');
export const startRefinement = (body: RefinementRequest) => request<RefinementAccepted>('/api/refinements', { body });
export const stopRefinement = (run: string) => request<Refinement>(`/api/refinements/${run}`, { method: 'DELETE' });
