// Experiments: the paper's tables and figures as programs, each with its control, seeds and report.
export { type Block, type Page, pageHtml, pageMarkdown, type Table, writePage } from './page.js';
