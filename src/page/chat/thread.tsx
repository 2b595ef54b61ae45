import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';

import { MessageView, type MessageActions } from './message-view.js';
import type { Conversation, Message } from './message.js';
import { branchesOf, pathOf } from './tree.js';

/** So near to its end, in pixels, a thread follows what is added. */
const NEAR_END = 120;

interface ThreadProps extends MessageActions {
  readonly conversation: Conversation;
  readonly isLive: (id: string) => boolean;
  readonly canAsk: boolean;
}

/** The messages that are shown; it stays at its end while its reader is there. */
export function Thread({ conversation, isLive, canAsk, ...actions }: ThreadProps) {
  const box = useRef<HTMLDivElement>(null);
  const path = pathOf(conversation);
  const branches = branchesOf(conversation);
  const same = useSame(actions);
  useFollowing(box, conversation);
  return (
    <div class="thread" ref={box} tabIndex={0} role="region" aria-label="Messages">
      <ol class="messages">
        {path.map((message, index) => (
          <Item
            key={message.id}
            message={message}
            siblings={branches.get(message.parent) ?? []}
            isLive={isLive(message.id)}
            isLast={index === path.length - 1}
            canAsk={canAsk}
            actions={same}
          />
        ))}
      </ol>
    </div>
  );
}

interface ItemProps {
  readonly message: Message;
  readonly siblings: readonly string[];
  readonly isLive: boolean;
  readonly isLast: boolean;
  readonly canAsk: boolean;
  readonly actions: MessageActions;
}

/** A message, drawn again only when something of it is new: of a long thread all others stay while one is written. */
function Item({ message, siblings, isLive, isLast, canAsk, actions }: ItemProps) {
  return useMemo(
    () => (
      <MessageView
        message={message}
        siblings={siblings}
        isLive={isLive}
        isLast={isLast}
        canAsk={canAsk}
        {...actions}
      />
    ),
    [message, siblings.join(), isLive, isLast, canAsk, actions],
  );
}

/** Actions that stay the same objects, and do what the newest ones do. */
function useSame(actions: MessageActions): MessageActions {
  const newest = useRef(actions);
  newest.current = actions;
  return useMemo(
    () => ({
      onChoose: (id) => {
        newest.current.onChoose(id);
      },
      onEdit: (id, content) => {
        newest.current.onEdit(id, content);
      },
      onRegenerate: (id) => {
        newest.current.onRegenerate(id);
      },
      onDelete: (id) => {
        newest.current.onDelete(id);
      },
      onAnswerCalls: (id, results) => {
        newest.current.onAnswerCalls(id, results);
      },
      onShowRequest: (id) => {
        newest.current.onShowRequest(id);
      },
    }),
    [],
  );
}

function useFollowing(box: RefObject<HTMLDivElement | null>, conversation: Conversation): void {
  const isAtEnd = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = (): void => {
      isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    };
    // Probabilities are unfolded, a touch screen's keys come up: what was at its end stays there.
    const sizes = new ResizeObserver(() => {
      if (isAtEnd.current) element.scrollTop = element.scrollHeight;
    });
    for (const part of [element, ...element.children]) sizes.observe(part);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  useLayoutEffect(() => {
    isAtEnd.current = true;
  }, [conversation.id]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && isAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [conversation]);
}
