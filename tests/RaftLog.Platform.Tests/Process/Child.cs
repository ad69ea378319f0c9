using System.Diagnostics;

namespace RaftLog.Platform.Tests;

/// <summary>Starts this assembly as a child process.</summary>
internal static class Child
{
    internal static Process Start(params string[] arguments)
    {
        ProcessStartInfo info = new(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet"
        )
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        info.ArgumentList.Add("exec");
        info.ArgumentList.Add(typeof(Child).Assembly.Location);
        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        return Process.Start(info)!;
    }
}
