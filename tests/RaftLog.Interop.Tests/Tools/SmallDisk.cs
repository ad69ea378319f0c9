using System.Diagnostics;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Tools;

/// <summary>A file system of a few megabytes in memory, mounted for a test.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    /// <summary>Why none can be made; null where one can.</summary>
    public static string? Missing { get; } = Probe();

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    /// <summary>Mounts one.</summary>
    public static SmallDisk Mount(int megabytes) => TryMount(megabytes) ?? throw new XunitException(Missing ?? "mount failed");

    /// <inheritdoc/>
    public void Dispose()
    {
        Run("umount", ["--lazy", Path]);
        Directory.Delete(Path);
    }

    private static SmallDisk? TryMount(int megabytes)
    {
        string path = Directory.CreateTempSubdirectory("raftlog-small-").FullName;
        if (Run("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m", "raftlog", path]))
        {
            return new SmallDisk(path);
        }

        Directory.Delete(path);
        return null;
    }

    private static string? Probe()
    {
        if (Repository.OnPath("mount") is null)
        {
            return "skipped: no mount on PATH";
        }

        using SmallDisk? disk = TryMount(1);
        return disk is null ? "skipped: no right to mount a tmpfs; run as root" : null;
    }

    private static bool Run(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
