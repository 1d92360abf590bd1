using System.Runtime.CompilerServices;
using CharLM.Library;

// Examples of the docs have the working directory and the console to themselves, which a process has once.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace CharLM.Library.Tests;

/// <summary>Puts the toolkit's loader of libtorch in place before a test calls TorchSharp itself, whichever test comes first.</summary>
internal static class TorchLoader
{
    [ModuleInitializer]
    internal static void Prepare() => RuntimeHelpers.RunModuleConstructor(typeof(CharModel).Module.ModuleHandle);
}
