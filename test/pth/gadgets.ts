// What malicious pickles call: functions and classes of Python and its libraries through which code runs, files and networks are reached, or other
// unpicklers are. One line a family.

/** `module name` pairs, by family. */
export const gadgets = `
os system, os popen, os execv, os spawnlp, os remove, os putenv, os startfile
posix system, posix popen, posix execve
nt system, nt startfile
subprocess Popen, subprocess run, subprocess call, subprocess check_output, subprocess getoutput
commands getoutput, popen2 popen3, pty spawn
builtins eval, builtins exec, builtins compile, builtins getattr, builtins setattr, builtins __import__
builtins open, builtins input, builtins breakpoint, builtins globals, builtins map, builtins type, builtins object, builtins print
__builtin__ eval, __builtin__ execfile, __builtin__ apply, __builtin__ getattr, __builtin__ file
operator attrgetter, operator itemgetter, operator methodcaller, _operator attrgetter
importlib import_module, importlib __import__, importlib.util spec_from_file_location, imp load_source, zipimport zipimporter
runpy run_path, runpy run_module, runpy _run_code
functools partial, functools reduce, itertools starmap, itertools accumulate
pickle loads, pickle load, pickle Unpickler, _pickle loads, cPickle loads, dill loads, cloudpickle loads, joblib load
marshal loads, shelve open, types FunctionType, types CodeType, code InteractiveInterpreter, codeop compile_command
ctypes CDLL, ctypes WinDLL, cffi FFI, mmap mmap
torch load, torch.serialization load, torch.jit load, torch.hub load, torch.hub load_state_dict_from_url
torch.storage _load_from_bytes, torch.ops load_library, torch.utils.cpp_extension load_inline, torch.utils.collect_env run
torch._dynamo.guards GuardBuilder.get, torch.fx.experimental.symbolic_shapes ShapeEnv.evaluate_guards_expression
torch.utils.bottleneck.__main__ run_cprofile, torch._inductor.codecache compile_file, torch.distributed.rpc rpc_sync
torch.nn Module, torch.nn.modules.linear Linear, torch FloatTensor, torch from_numpy, torch tensor
numpy load, numpy fromfile, numpy memmap, numpy.core.multiarray _reconstruct, numpy ndarray, numpy.f2py.crackfortran myeval
numpy.testing._private.utils runstring, numpy.core.memmap memmap
pandas read_pickle, sklearn.externals joblib.load, tensorflow load_library, torchvision.datasets.utils download_url, yaml unsafe_load
timeit timeit, cProfile run, profile run, pdb run, bdb Bdb, trace Trace, doctest debug_script, lib2to3.pgen2.grammar Grammar.loadGrammar
logging.config fileConfig, multiprocessing Process, asyncio create_subprocess_shell, threading Thread, signal signal
atexit register, sys exit, sys modules, sys setrecursionlimit, site addsitedir, sysconfig get_config_var
distutils.file_util write_file, distutils.spawn spawn, ensurepip _run_pip, pip main, venv create
pydoc pipepager, pydoc locate, pkgutil resolve_name, idlelib.run Executive, test.support.script_helper assert_python_ok
uuid _get_command_stdout, imaplib IMAP4_stream, smtplib SMTP, ftplib FTP, telnetlib Telnet, xmlrpc.client ServerProxy
socket create_connection, http.client HTTPSConnection, urllib.request urlopen, requests get, webbrowser open, aiohttp.client ClientSession
shutil rmtree, shutil copy, pathlib Path, pathlib PosixPath, pathlib WindowsPath, tempfile NamedTemporaryFile, io FileIO, io open, codecs open
glob glob, linecache getline, fileinput FileInput, sqlite3 connect, tarfile open, zipfile ZipFile
copyreg _reconstructor, copyreg __newobj__, copy_reg _reconstructor, copy deepcopy, weakref ref, inspect getsource, gc get_objects
_codecs decode, codecs decode, codecs encode, collections namedtuple, collections ChainMap, argparse FileType, argparse ArgumentParser
dataclasses make_dataclass, enum EnumMeta, unittest.mock Mock, jinja2 Template, ssl get_server_certificate, jax jit
`
  .trim()
  .split(/[,\n]/)
  .map((pair) => pair.trim().split(' ') as [module: string, name: string]);
