/** One conversation that two tabs have changed: what both said stays. */
import type { Conversation, Message } from './message.js';
import { pathOf } from './tree.js';

export interface Versions {
  /** As this tab and the storage last had it alike; null = the storage did not have it. */
  readonly base: Conversation | null;
  /** As this tab has it now; null = it does not, or has deleted it. */
  readonly mine: Conversation | null;
  /** As it is kept now, by whichever tab; null = it is not. */
  readonly kept: Conversation | null;
}

/**
 * Messages that are the same object as in `base` are unchanged here. What either deleted is gone, with all below it;
 * a conversation that one deleted stays if the other has changed it since. What this tab shows goes on being shown.
 *
 * @returns null = it is deleted
 */
export function merged({ base, mine, kept }: Versions): Conversation | null {
  if (mine === null || kept === null) return mine === null ? added(base, kept) : spared(base, mine);
  // Nobody else has written: what is here is all there is.
  if (kept.revision === base?.revision) return mine;
  const messages = withParents(mergedMessages(base, mine, kept));
  return {
    ...kept,
    title: mine.title === base?.title ? kept.title : mine.title,
    settings: mine.settings === base?.settings ? kept.settings : mine.settings,
    updatedAt: Math.max(mine.updatedAt, kept.updatedAt),
    messages,
    chosen: mergedChoices(mine, kept, messages),
  };
}

/** This tab does not have it: another tab's new one, unless it was deleted here. */
function added(base: Conversation | null, kept: Conversation | null): Conversation | null {
  return base === null ? kept : null;
}

/** It is not kept: never yet, or no longer. */
function spared(base: Conversation | null, mine: Conversation): Conversation | null {
  const isChanged = base === null || Object.values(mine.messages).some((one) => isNew(base, one));
  return isChanged ? mine : null;
}

function isNew(base: Conversation, message: Message): boolean {
  return base.messages[message.id] !== message;
}

function mergedMessages(
  base: Conversation | null,
  mine: Conversation,
  kept: Conversation,
): Conversation['messages'] {
  const messages: Record<string, Message> = {};
  const before = base?.messages ?? {};
  // Of what another tab added nothing was here, and nothing was deleted here.
  for (const [id, message] of Object.entries(kept.messages)) {
    if (mine.messages[id] !== undefined || before[id] === undefined) messages[id] = message;
  }
  for (const [id, message] of Object.entries(mine.messages)) {
    const isMine = before[id] !== message;
    const isDeleted = before[id] !== undefined && kept.messages[id] === undefined;
    if (isMine && !isDeleted) messages[id] = message;
  }
  return messages;
}

/** Without those whose question is gone. */
function withParents(messages: Conversation['messages']): Conversation['messages'] {
  const stays = new Map<string, boolean>();
  const isThere = ({ id, parent }: Message): boolean => {
    const known = stays.get(id);
    if (known !== undefined) return known;
    // Whatever a file says, nothing is above itself.
    stays.set(id, false);
    const above = parent === null ? null : messages[parent];
    const isHere = above === null || (above !== undefined && isThere(above));
    stays.set(id, isHere);
    return isHere;
  };
  return Object.fromEntries(Object.entries(messages).filter(([, one]) => isThere(one)));
}

function mergedChoices(
  mine: Conversation,
  kept: Conversation,
  messages: Conversation['messages'],
): Conversation['chosen'] {
  const both = { ...kept.chosen, ...shownIn(mine) };
  return Object.fromEntries(Object.entries(both).filter(([, id]) => messages[id] !== undefined));
}

/** Which message is shown below each, along what is shown. */
function shownIn(conversation: Conversation): Conversation['chosen'] {
  return Object.fromEntries(pathOf(conversation).map(({ id, parent }) => [parent ?? '', id]));
}
