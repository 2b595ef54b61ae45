import type { Attachment } from './attach.js';

/** What is written and not sent yet: it stays while another view is looked at, or another conversation. */
export interface Unsent {
  readonly text: string;
  readonly files: readonly Attachment[];
}

export const NOTHING_WRITTEN: Unsent = { text: '', files: [] };
