// Reads the sources as the rules of the house see them: every import with its place and kind, and what stands at the
// top of each file. TypeScript's own parser does the reading, so nothing depends on how a line was written.

import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from the root of the checkout for a relative import, else null. */
  readonly file: string | null;
  readonly kind: 'static' | 'lazy' | 'type';
  readonly line: number;
}

/** A finding of the parser that some rule may object to. */
export interface Trait {
  readonly kind:
    'default export' | 'star export' | 'statement at import' | 'silent catch' | 'environment written';
  readonly line: number;
}

export interface SourceFile {
  /** From the root of the checkout, with slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
  readonly traits: readonly Trait[];
  readonly lines: number;
  /** Identifiers and `a.b` accesses, for what a room may not use at all. */
  readonly names: ReadonlySet<string>;
  /** It holds nothing but exports of other files. */
  readonly isBarrel: boolean;
}

/** Every TypeScript file below `src` of the directory, tests included. */
export function readSources(root: string): readonly SourceFile[] {
  const paths = globSync('src/**/*.ts', { cwd: root }).toSorted();
  return paths.map((path) => parse(path, readFileSync(join(root, path), 'utf8')));
}

function parse(path: string, text: string): SourceFile {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const traits: Trait[] = [];
  const names = new Set<string>();
  const lineOf = (node: ts.Node) => source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  const addTrait = (kind: Trait['kind'], node: ts.Node) => traits.push({ kind, line: lineOf(node) });
  const addImport = (at: ts.Node, kind: Import['kind']) => {
    // A computed import cannot be held to any rule; its own text matches none and is refused.
    const specifier = ts.isStringLiteralLike(at) ? at.text : at.getText();
    const file = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
    imports.push({ specifier, file, kind, line: lineOf(at) });
  };

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) addImport(node.moduleSpecifier, isTypeOnly(node) ? 'type' : 'static');
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
      addImport(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      addImport(node.argument.literal, 'type');
    else if (ts.isCallExpression(node)) {
      const [argument] = node.arguments;
      const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
      const isRequire = /^(require|createRequire)$/.test(node.expression.getText());
      if ((isImport || isRequire) && argument !== undefined) addImport(argument, 'lazy');
    } else if (ts.isCatchClause(node) && isSilent(node)) addTrait('silent catch', node);
    else if (ts.isBinaryExpression(node) && isAssignment(node) && isEnvironment(node.left))
      addTrait('environment written', node);
    else if (ts.isDeleteExpression(node) && isEnvironment(node.expression))
      addTrait('environment written', node);
    if (ts.isIdentifier(node)) names.add(node.text);
    if (ts.isPropertyAccessExpression(node)) names.add(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(source);

  for (const statement of source.statements) {
    if (isDefaultExport(statement)) addTrait('default export', statement);
    else if (ts.isExportDeclaration(statement) && statement.exportClause === undefined)
      addTrait('star export', statement);
    else if (!isDeclaration(statement)) addTrait('statement at import', statement);
  }
  return {
    path,
    imports,
    traits,
    lines: text.trimEnd().split('\n').length,
    names,
    isBarrel:
      source.statements.length > 0 &&
      source.statements.every((it) => ts.isExportDeclaration(it) && it.moduleSpecifier !== undefined),
  };
}

function isTypeOnly(node: ts.ImportDeclaration): boolean {
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

/** Nothing in it, not even a sentence on why that is right. */
function isSilent(node: ts.CatchClause): boolean {
  return node.block.statements.length === 0 && !/\/[/*]/.test(node.block.getText());
}

function isAssignment(node: ts.BinaryExpression): boolean {
  const { kind } = node.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function isEnvironment(node: ts.Expression): boolean {
  return /^process\.env\b/.test(node.getText());
}

function isDefaultExport(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true;
  if (!ts.canHaveModifiers(statement)) return false;
  return ts.getModifiers(statement)?.some((it) => it.kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}

function isDeclaration(statement: ts.Statement): boolean {
  return (
    ts.isImportDeclaration(statement) ||
    ts.isExportDeclaration(statement) ||
    ts.isVariableStatement(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  );
}
