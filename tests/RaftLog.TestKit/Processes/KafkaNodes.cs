using Xunit.Sdk;

namespace RaftLog.TestKit;

/// <summary>
/// Starts and ends nodes of Apache Kafka. Each has a folder with its configuration in <c>node-ID.properties</c>, where the launcher keeps
/// its process id and what it says.
/// </summary>
public static class KafkaNodes
{
    /// <summary>The program that starts Kafka's nodes and tools; only where <see cref="Peers.Missing"/> is null.</summary>
    public static string Launcher => Path.Combine(Peers.Folder ?? throw new XunitException(Peers.Missing), "kafka", "kafka");

    /// <summary>Starts a node that is formatted; returns when it accepts connections.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="id">Its node id.</param>
    public static async Task StartAsync(string folder, int id)
    {
        // The node inherits what the launcher writes to: a pipe of ours would stay open as long as it runs.
        string[] start = ["-c", "exec \"$0\" start \"$1\" \"$2\" >\"$1/start.out\" 2>&1", Launcher, folder, $"{id}"];
        CommandResult started = await Command.RunAsync("/bin/sh", start);
        if (started.ExitCode != 0)
        {
            throw new XunitException(
                $"Kafka's node {id} does not start:\n{await File.ReadAllTextAsync(Path.Combine(folder, "start.out"))}"
            );
        }
    }

    /// <summary>Kills a node; returns when its process is gone, and with it its ports and open files.</summary>
    /// <inheritdoc cref="StartAsync" path="/param" />
    public static Task KillAsync(string folder, int id) => EndAsync(folder, id, ["kill", folder, $"{id}"]);

    /// <summary>Stops a node in order, the only one of its folder; returns when its process is gone.</summary>
    /// <inheritdoc cref="StartAsync" path="/param" />
    public static Task StopAsync(string folder, int id) => EndAsync(folder, id, ["down", folder]);

    private static async Task EndAsync(string folder, int id, string[] arguments)
    {
        string file = Path.Combine(folder, $"node-{id}.pid");
        if (!File.Exists(file))
        {
            // It was never started.
            return;
        }

        string process = (await File.ReadAllTextAsync(file)).Trim();
        (await Command.RunAsync(Launcher, arguments)).Succeeded();
        await Poll.UntilAsync($"the end of Kafka's node {id}, process {process}", () => IsGone(process));
    }

    /// <summary>
    /// A signal returns before the process has died, and a dead one for which nobody waits keeps its id. As long as one of its threads is
    /// alive, its ports and files are too.
    /// </summary>
    private static bool IsGone(string process)
    {
        try
        {
            string[] threads = Directory.GetDirectories($"/proc/{process}/task");
            return Array.TrueForAll(
                threads,
                thread => File.ReadAllText($"{thread}/stat") is var stat && stat[stat.LastIndexOf(')') + 2] == 'Z'
            );
        }
        catch (IOException)
        {
            // A thread has ended meanwhile, or the last one has.
            return !Directory.Exists($"/proc/{process}");
        }
    }
}
