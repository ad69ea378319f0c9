using RaftLog.Interop.Frameworks;

// interop-framework streamiz BOOTSTRAP LINES NAMES COUNTS DIRECTORY | wolverine BOOTSTRAP TOPIC: runs until SIGTERM.
switch (args)
{
    case ["streamiz", string bootstrap, string lines, string names, string counts, string directory]:
        await WordCount.RunAsync(bootstrap, lines, names, counts, directory);
        return 0;
    case ["wolverine", string bootstrap, string topic]:
        await OrderHost.RunAsync(bootstrap, topic);
        return 0;
    default:
        Console.Error.WriteLine("usage: interop-framework streamiz BOOTSTRAP LINES NAMES COUNTS DIRECTORY | wolverine BOOTSTRAP TOPIC");
        return 2;
}
