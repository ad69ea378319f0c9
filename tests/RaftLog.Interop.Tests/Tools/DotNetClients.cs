namespace RaftLog.Interop.Tests.Tools;

/// <summary>Foreign .NET clients, through the programs of RaftLog.Interop.Clients and RaftLog.Interop.Frameworks.</summary>
internal static class DotNetClients
{
    /// <summary>The program, built with these tests.</summary>
    public static string Program { get; } = Repository.BuiltProgram("tests/RaftLog.Interop.Clients", "interop-client");

    /// <summary>The program with frameworks over them.</summary>
    public static string FrameworkProgram { get; } = Repository.BuiltProgram("tests/RaftLog.Interop.Frameworks", "interop-framework");
}
