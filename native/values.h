// JavaScript values to IValues by an operator's schema, and back. Tensors and generators travel as handles.
#pragma once
#include "state.h"

namespace scalewise {

/// Reads how each argument of a schema is to be converted.
std::vector<ArgumentPlan> planArguments(const c10::FunctionSchema& schema);

/// One JavaScript value as the argument `plan` asks for; throws Misuse that names operator and argument.
c10::IValue toIValue(napi_env env, State& state, const OperatorPlan& op, const ArgumentPlan& plan, napi_value value);

/// A result for JavaScript: tensors as handles, an undefined tensor and None as null, lists and tuples as arrays.
napi_value toJavaScript(napi_env env, State& state, c10::IValue value);

// Small readers and makers shared by the other native files.
at::Tensor& tensorAt(napi_env env, State& state, napi_value handle);
std::vector<at::Tensor> readTensors(napi_env env, State& state, napi_value handles);
bool isGiven(napi_env env, napi_value value);  // neither undefined nor null
int64_t readInteger(napi_env env, napi_value value, const char* what);
bool readBoolean(napi_env env, napi_value value, const char* what);
std::string readString(napi_env env, napi_value value, const char* what);
std::vector<int64_t> readIntegers(napi_env env, napi_value value, const char* what);
napi_value makeTensor(napi_env env, State& state, at::Tensor tensor);
napi_value makeNumber(napi_env env, double value);
napi_value makeString(napi_env env, const std::string& value);
napi_value makeBoolean(napi_env env, bool value);
napi_value makeNull(napi_env env);
napi_value makeUndefined(napi_env env);
napi_value makeIntegers(napi_env env, c10::ArrayRef<int64_t> values);

}  // namespace scalewise
