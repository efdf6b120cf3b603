//! The prompts that wait in line for an agent at work.

use std::collections::VecDeque;

use super::Queued;
use crate::agent::Order;

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<(u64, Order)>,
    last_id: u64,
}

impl Queue {
    pub fn push(&mut self, order: Order) {
        self.last_id += 1;
        self.waiting.push_back((self.last_id, order));
    }

    /// Before all others.
    pub fn push_front(&mut self, order: Order) {
        self.last_id += 1;
        self.waiting.push_front((self.last_id, order));
    }

    /// The next one, which waits no more.
    pub fn take(&mut self) -> Option<Order> {
        self.waiting.pop_front().map(|(_, order)| order)
    }

    /// Changes the words of the one with this id, or removes it. `false` when it does not wait.
    pub fn edit(&mut self, id: u64, prompt: Option<String>) -> bool {
        let Some(at) = self.waiting.iter().position(|(known, _)| *known == id) else { return false };
        match prompt {
            Some(prompt) => self.waiting[at].1.prompt = prompt,
            None => {
                self.waiting.remove(at);
            }
        }
        true
    }

    /// Empties the line, and gives the words of all that waited.
    pub fn clear(&mut self) -> Vec<String> {
        self.waiting.drain(..).map(|(_, order)| order.prompt).collect()
    }

    pub fn list(&self) -> Vec<Queued> {
        self.waiting.iter().map(|(id, order)| Queued { id: *id, prompt: order.prompt.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(prompt: &str) -> Order {
        Order { prompt: prompt.into(), ..Order::default() }
    }

    fn words(queue: &Queue) -> Vec<(u64, String)> {
        queue.list().into_iter().map(|one| (one.id, one.prompt)).collect()
    }

    #[test]
    fn a_prompt_keeps_its_number_until_it_leaves_the_line() {
        let mut queue = Queue::default();
        for prompt in ["a", "b", "c"] {
            queue.push(order(prompt));
        }
        queue.push_front(order("first"));
        assert_eq!(queue.take().unwrap().prompt, "first");
        assert!(queue.edit(2, Some("B".into())) && queue.edit(1, None) && !queue.edit(1, None));
        queue.push(order("d"));
        assert_eq!(words(&queue), [(2, "B".into()), (3, "c".into()), (5, "d".into())]);
        assert_eq!(queue.clear(), ["B", "c", "d"]);
        assert!(queue.take().is_none() && !queue.edit(2, Some(String::new())));
    }
}
