namespace RaftLog.Platform.Tests;

/// <summary>What this assembly does when a test starts it as a process of its own.</summary>
internal static class ChildProgram
{
    internal const string Halt = "halt";
    internal const string HaltWithALongReason = "halt-long";
    internal const string Lock = "lock";

    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case [Halt, var reason]:
                AppDomain.CurrentDomain.ProcessExit += (_, _) => Console.Out.WriteLine("clean stop");
                new SystemProcess().Halt(reason);
                return 0;

            case [HaltWithALongReason]:
                new SystemProcess().Halt(new string('x', 1 << 20));
                return 0;

            case [Lock, var path]:
                using (IDisposable? held = new LinuxDisk().TryLock(path))
                {
                    Console.Out.WriteLine(held is null ? "rejected" : "held");
                    Console.In.ReadLine();
                }

                return 0;

            default:
                return 2;
        }
    }
}
