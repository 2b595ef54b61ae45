import { walkNodes, type BlockNode, type Body } from './ast.js';
import { typeError } from './errors.js';
import { PyObject, type Kwargs, type Value } from './values.js';

/** Makes the text of a block where the template's own variables are. */
type RenderBlock = (block: BlockNode) => string;

/** `self`: the blocks of the template by name, each to be printed once more. */
export class TemplateReference extends PyObject {
  readonly typeName = 'TemplateReference';
  readonly #blocks: ReadonlyMap<string, BlockReference>;

  constructor(program: Body, render: RenderBlock) {
    super();
    const blocks = [...walkNodes(program)].filter((node) => node.kind === 'block');
    this.#blocks = new Map(blocks.map((block) => [block.name, new BlockReference(block, render)]));
  }

  override get longTypeName(): string {
    return 'jinja2.runtime.TemplateReference';
  }

  override repr(): string {
    return '<TemplateReference None>';
  }

  override attribute(name: string): Value | undefined {
    return this.#blocks.get(name);
  }
}

class BlockReference extends PyObject {
  readonly typeName = 'BlockReference';
  readonly #block: BlockNode;
  readonly #render: RenderBlock;

  constructor(block: BlockNode, render: RenderBlock) {
    super();
    this.#block = block;
    this.#render = render;
  }

  override repr(): string {
    return '<jinja2.runtime.BlockReference object at 0x7f0000000000>';
  }

  override call(args: readonly Value[], kwargs: Kwargs): Value {
    if (args.length + kwargs.size > 0) {
      typeError(
        `BlockReference.__call__() takes 1 positional argument but ${1 + args.length} were given`,
      );
    }
    return this.#render(this.#block);
  }
}
