namespace RaftLog.Broker.Configuration;

/// <summary>
/// Reads a node's listeners and rejects those that do not fit together, or that would promise an encryption that is not there.
/// </summary>
/// <param name="settings">The settings.</param>
/// <param name="roles">What the node is.</param>
/// <param name="localHost">The name of the machine where it may stand in for an empty host; null where it may not.</param>
internal sealed class ListenerRules(SettingsReader settings, ProcessRoles roles, string? localHost)
{
    private const string ListenersKey = "listeners";
    private const string AdvertisedKey = "advertised.listeners";
    private const string InterBrokerKey = "inter.broker.listener.name";
    private const string ControllersKey = "controller.listener.names";
    private const string ProtocolsKey = "listener.security.protocol.map";
    private const string Plaintext = "PLAINTEXT";

    private static readonly string[] Protocols = [Plaintext, "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

    public ListenerSettings Read()
    {
        List<Listener> all = ReadListeners(ListenersKey);
        List<string> controllers = settings.List(ControllersKey).Select(name => name.ToUpperInvariant()).ToList();
        CheckPorts(all);
        CheckProtocols(all, controllers);
        CheckControllers(all, controllers);
        List<Listener> advertised = Advertise(all, controllers);
        return new(all, advertised, ReadInterBroker(advertised, controllers), controllers);
    }

    private List<Listener> ReadListeners(string key)
    {
        List<Listener> listeners = [];
        foreach (string item in settings.List(key))
        {
            if (!Listener.TryParse(item, out Listener listener))
            {
                settings.Report(key, $"'{item}' is no listener", "write NAME://host:port, with commas between several");
            }
            else if (listeners.Exists(other => other.Name == listener.Name))
            {
                settings.Report(key, $"the name {listener.Name} stands there twice", "give each listener a name of its own");
            }
            else
            {
                listeners.Add(listener);
            }
        }

        return listeners;
    }

    private void CheckPorts(List<Listener> all)
    {
        foreach (Listener listener in all)
        {
            // Kafka allows one port on two addresses; a wildcard takes it on all of them.
            if (
                listener.Port != 0
                && all.Exists(other =>
                    other.Name != listener.Name
                    && other.Port == listener.Port
                    && (other.Host == listener.Host || other.IsWildcard || listener.IsWildcard)
                )
            )
            {
                settings.Report(ListenersKey, $"port {listener.Port} is used twice", "give each listener a port of its own");
                return;
            }
        }
    }

    private void CheckProtocols(List<Listener> all, List<string> controllers)
    {
        Dictionary<string, string> map = ReadProtocols();
        foreach (string name in all.Select(listener => listener.Name).Concat(controllers).Distinct())
        {
            if (!map.TryGetValue(name, out string? protocol))
            {
                if (settings.Settings.Contains(ProtocolsKey))
                {
                    settings.Report(ProtocolsKey, $"the listener {name} has no security protocol", $"add {name}:{Plaintext}");
                }

                continue;
            }

            if (protocol != Plaintext)
            {
                string key = settings.Settings.Contains(ProtocolsKey) ? ProtocolsKey : ListenersKey;
                settings.Report(
                    key,
                    $"the listener {name} asks for {protocol}, which RaftLog does not have yet; without it clients would talk in the open",
                    $"use {Plaintext}, and only on a network that you trust"
                );
            }
        }
    }

    private Dictionary<string, string> ReadProtocols()
    {
        Dictionary<string, string> map = new(StringComparer.Ordinal);
        foreach (string item in settings.List(ProtocolsKey))
        {
            int colon = item.LastIndexOf(':');
            string protocol = item[(colon + 1)..].Trim().ToUpperInvariant();
            if (colon <= 0 || !Protocols.Contains(protocol))
            {
                settings.Report(
                    ProtocolsKey,
                    $"'{item}' is no mapping",
                    $"write NAME:PROTOCOL with a protocol of {string.Join(", ", Protocols)}"
                );
                continue;
            }

            map[item[..colon].Trim().ToUpperInvariant()] = protocol;
        }

        return map;
    }

    private void CheckControllers(List<Listener> all, List<string> controllers)
    {
        bool anyListed = all.Exists(listener => controllers.Contains(listener.Name));
        if (controllers.Count == 0 && settings.Settings.Contains(ControllersKey))
        {
            settings.Report(
                ControllersKey,
                "no controller listener is named",
                "name the listener of the metadata quorum, such as CONTROLLER"
            );
        }
        else if (roles.HasFlag(ProcessRoles.Controller) && controllers.Count > 0 && !anyListed)
        {
            settings.Report(
                ControllersKey,
                "a controller listens on none of these",
                $"add a listener such as {controllers[0]}://host:9093 to {ListenersKey}"
            );
        }
        else if (roles == ProcessRoles.Broker && anyListed)
        {
            settings.Report(
                ListenersKey,
                $"a node that is only a broker must not listen as {string.Join(", ", controllers)}",
                "remove that listener, or add the controller role"
            );
        }
        else if (roles == ProcessRoles.Controller && all.Exists(listener => !controllers.Contains(listener.Name)))
        {
            settings.Report(
                ListenersKey,
                "a node that is only a controller has controller listeners only",
                $"remove the others, or name them in {ControllersKey}"
            );
        }

        if (roles.HasFlag(ProcessRoles.Broker) && all.Count > 0 && all.TrueForAll(listener => controllers.Contains(listener.Name)))
        {
            settings.Report(ListenersKey, "there is no listener for clients", $"add one such as {Plaintext}://host:9092");
        }
    }

    private List<Listener> Advertise(List<Listener> all, List<string> controllers)
    {
        List<Listener> chosen = ReadListeners(AdvertisedKey);
        foreach (Listener listener in chosen)
        {
            if (!all.Exists(other => other.Name == listener.Name))
            {
                settings.Report(AdvertisedKey, $"there is no listener {listener.Name}", $"use the names of {ListenersKey}");
            }

            if (listener.IsWildcard)
            {
                settings.Report(
                    AdvertisedKey,
                    $"nobody can connect to the address of {listener.Name}",
                    "use an address or a name that clients can reach"
                );
            }
        }

        List<Listener> advertised = [];
        foreach (Listener listener in all)
        {
            int index = chosen.FindIndex(other => other.Name == listener.Name);
            advertised.Add(index >= 0 ? chosen[index] : AsItIs(listener, controllers.Contains(listener.Name)));
        }

        return advertised;
    }

    private Listener AsItIs(Listener listener, bool controller)
    {
        if (!listener.IsWildcard)
        {
            return listener;
        }

        if (localHost is null || (!controller && listener.Host.Length > 0))
        {
            settings.Report(
                ListenersKey,
                $"{listener.Name} listens on every address, so nothing says how others reach it",
                $"add {listener.Name}://host:{listener.Port} to {AdvertisedKey}, with a host that they can reach"
            );
        }

        return listener with
        {
            Host = localHost ?? "localhost",
        };
    }

    private string ReadInterBroker(List<Listener> advertised, List<string> controllers)
    {
        if (!roles.HasFlag(ProcessRoles.Broker))
        {
            _ = settings.Text(InterBrokerKey);
            return "";
        }

        List<string> names = advertised.Select(listener => listener.Name).Where(name => !controllers.Contains(name)).ToList();
        string? chosen = settings.Text(InterBrokerKey)?.ToUpperInvariant();
        if (chosen is null)
        {
            chosen = names.Contains(Plaintext) || names.Count != 1 ? Plaintext : names[0];
        }

        if (names.Count > 0 && !names.Contains(chosen))
        {
            settings.Report(
                InterBrokerKey,
                $"there is no listener {chosen} that brokers could use",
                $"set it to one of {string.Join(", ", names)}"
            );
        }

        return chosen;
    }
}
