// Requests about trainings.
import type { RunDetails, RunList, RunModel, RunRecord, RunSample, SettingDifference } from '../../../src/studio/api/index.js'; // prettier-ignore
import { request } from '../api.js';

export const getRuns = () => request<RunList>('/api/runs');
export const getRun = (id: string) => request<RunDetails>(`/api/runs/${id}`);
export const getRecords = (id: string, after?: number) =>
  request<RunRecord[]>(`/api/runs/${id}/metrics${after === undefined ? '' : `?after=${after}`}`);
export const getSamples = (id: string) => request<RunSample[]>(`/api/runs/${id}/samples`);
export const getDifference = (id: string, other: string) =>
  request<SettingDifference[]>(`/api/runs/${id}/difference/${other}`);
export const makeModel = (id: string, checkpoint: string) =>
  request<RunModel>(`/api/runs/${id}/checkpoints/${checkpoint}/model`, { method: 'POST' });

/** The address of a grid of samples. */
export const sampleUrl = (id: string, name: string): string => `/api/runs/${id}/samples/${name}`;
