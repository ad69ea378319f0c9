using RaftLog.Interop.Tests.Processes;

namespace RaftLog.Interop.Tests.Tools;

/// <summary>Foreign .NET clients, through the program of RaftLog.Interop.Clients.</summary>
internal static class DotNetClients
{
    /// <summary>The program, built with these tests.</summary>
    public static string Program { get; } = Repository.BuiltProgram("tests/RaftLog.Interop.Clients", "interop-client");
}
