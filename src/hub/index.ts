// Files of the Hugging Face hub: the published checkpoints by name, fetched into a cache.
export {
  findPublished,
  type HubFile,
  parseHubName,
  type PublishedFile,
  publishedFiles,
  tokenizerOf,
} from './published.js';
export { cachedFile, findCached, hubCacheFolder } from './cache.js';
export { megabytes, pull, type Pulled, type PullOptions } from './pull.js';
