import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

import { MessageView, type MessageActions } from './message-view.js';
import type { Conversation } from './message.js';
import { pathOf, siblingsOf } from './tree.js';

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
  useFollowing(box, conversation);
  return (
    <div class="thread" ref={box} tabIndex={0} role="region" aria-label="Messages">
      <ol class="messages">
        {path.map((message, index) => (
          <MessageView
            key={message.id}
            message={message}
            siblings={siblingsOf(conversation, message.id)}
            isLive={isLive(message.id)}
            isLast={index === path.length - 1}
            canAsk={canAsk}
            {...actions}
          />
        ))}
      </ol>
    </div>
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
    element.addEventListener('scroll', look, { passive: true });
    return () => {
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
