return await RaftLog.Cli.CommandLine.InvokeAsync(args);
