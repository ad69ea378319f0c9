using System.Diagnostics;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Tools;

/// <summary>confluent-kafka, kafka-python and aiokafka, through the scripts in <c>python/</c>.</summary>
internal static class PythonClients
{
    private static readonly string Scripts = Path.Combine(Repository.Root, "tests", "RaftLog.Interop.Tests", "python");
    private static readonly string? Program = Find();

    /// <summary>Why they cannot run; null where they can.</summary>
    public static string? Missing { get; } =
        Peers.Missing ?? (Program is null ? $"skipped: no python3 that can import the clients in {Peers.Folder}/python" : null);

    /// <summary>Runs a script to its end.</summary>
    public static async Task<CommandResult> RunAsync(string script, params string[] arguments)
    {
        using Command command = Start(script, arguments);
        command.Input.Close();
        return await command.EndAsync();
    }

    /// <summary>Starts a script.</summary>
    public static Command Start(string script, params string[] arguments) =>
        Missing is null
            ? Command.Start(Program!, [Path.Combine(Scripts, script), .. arguments], Variables())
            : throw new XunitException(Missing);

    private static Dictionary<string, string> Variables() =>
        new() { ["PYTHONPATH"] = Path.Combine(Peers.Folder!, "python"), ["PYTHONDONTWRITEBYTECODE"] = "1" };

    private static string? Find()
    {
        if (Peers.Folder is null)
        {
            return null;
        }

        foreach (string? candidate in (string?[])["/usr/bin/python3", Repository.OnPath("python3")])
        {
            if (candidate is not null && File.Exists(candidate) && CanImport(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private static bool CanImport(string program)
    {
        ProcessStartInfo info = new(program, ["-c", "import confluent_kafka, kafka, aiokafka"]) { RedirectStandardError = true };
        foreach ((string name, string value) in Variables())
        {
            info.Environment[name] = value;
        }

        using Process process = Process.Start(info)!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
