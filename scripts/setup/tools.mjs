// The programs that set-up itself needs: what is missing is named, and installed where that is allowed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canInstallPackages, installPackages, quietly, SetupError } from './run.mjs';

const numbers = (version) => version.split('.').map(Number);

function isOlder(version, least) {
  const [a, b] = [numbers(version), numbers(least)];
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1];
}

/** Node's version and the platform, against package.json's `engines`. */
export function checkNode(project) {
  if (process.platform !== 'linux')
    throw new SetupError(`Linux is needed (on Windows: WSL 2), this is ${process.platform}`);
  const least = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')).engines.node.replace('>=', '');
  if (isOlder(process.versions.node, least))
    throw new SetupError(`Node ${least} or newer is needed, this is ${process.versions.node} (https://nodejs.org)`);
}

function hasCompiler() {
  const source =
    '#include <optional>\nstatic_assert(__cplusplus >= 201703L); int main() { return std::optional<int>(0).value(); }';
  const compilers = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
  const flags = ['-std=c++17', '-fsyntax-only', '-x', 'c++', '-'];
  return compilers.some((compiler) => quietly(compiler, flags, { input: source }).ok);
}

/** The C++17 compiler, cmake and make, before the addon is compiled. */
export function checkBuildTools() {
  const missing = [];
  if (!hasCompiler()) {
    if (process.env.CXX) throw new SetupError(`CXX is ${process.env.CXX}, which does not compile C++17`);
    missing.push('g++');
  }
  const cmake = quietly('cmake', ['--version']);
  if (!cmake.ok) missing.push('cmake');
  if (!process.env.CMAKE_GENERATOR && !quietly('make', ['--version']).ok) missing.push('make');
  const version = /version (\d+\.\d+)/.exec(cmake.out)?.[1];
  if (version && isOlder(version, '3.18'))
    throw new SetupError(`cmake 3.18 or newer is needed, this is ${version} (python3 -m pip install cmake)`);
  if (!missing.length) return;
  if (!canInstallPackages())
    throw new SetupError(
      `missing: ${missing.join(', ')} (on Debian or Ubuntu: sudo apt-get install ${missing.join(' ')})`,
    );
  installPackages(missing);
}
